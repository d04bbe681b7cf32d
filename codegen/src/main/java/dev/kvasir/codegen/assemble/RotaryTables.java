package dev.kvasir.codegen.assemble;

import dev.kvasir.ir.graph.ops.RopeOp;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.util.Optional;

/**
 * Cosines and sines of every position, [context, dim / 2]: entry (p, i) is of the angle p *
 * theta^(-2i / dim), computed in double precision. A model has one rotation, whatever it rotates.
 */
final class RotaryTables {

  private static final String COSINES = "rope.cosines";
  private static final String SINES = "rope.sines";

  private record Rotation(int dim, double theta) {}

  private final int context;
  private Optional<Rotation> rotation = Optional.empty();

  RotaryTables(int context) {
    this.context = context;
  }

  /** {@return the buffer of cosines for an operation} */
  String cosines(ProgramBuilder builder, RopeOp op) {
    return buffer(builder, op, COSINES);
  }

  /** {@return the buffer of sines for an operation} */
  String sines(ProgramBuilder builder, RopeOp op) {
    return buffer(builder, op, SINES);
  }

  private String buffer(ProgramBuilder builder, RopeOp op, String tensor) {
    if (op.rotary() != op.headDim()) {
      throw new IllegalStateException(
          "kernels rotate whole heads, got " + op.rotary() + " of " + op.headDim());
    }
    Rotation wanted = new Rotation(op.headDim(), op.theta());
    if (!rotation.orElse(wanted).equals(wanted)) {
      throw new IllegalStateException("expected " + rotation + ", got " + wanted);
    }
    rotation = Optional.of(wanted);
    return builder.derived(tensor, StorageFormat.F32, (long) context * (wanted.dim() / 2));
  }

  /** Adds the tables that were asked for. */
  void writeTo(SafetensorsWriter writer) {
    rotation.ifPresent(
        known -> {
          int half = known.dim() / 2;
          float[] cosines = new float[context * half];
          float[] sines = new float[context * half];
          for (int pair = 0; pair < half; pair++) {
            double frequency = Math.pow(known.theta(), -2.0 * pair / known.dim());
            for (int position = 0; position < context; position++) {
              cosines[position * half + pair] = (float) Math.cos(position * frequency);
              sines[position * half + pair] = (float) Math.sin(position * frequency);
            }
          }
          writer.addFloats(COSINES, cosines, context, half);
          writer.addFloats(SINES, sines, context, half);
        });
  }
}
