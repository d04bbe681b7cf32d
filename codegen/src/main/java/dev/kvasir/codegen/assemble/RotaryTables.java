package dev.kvasir.codegen.assemble;

import dev.kvasir.ir.graph.ops.RopeOp;
import dev.kvasir.ir.model.RopeConfig;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.util.Optional;

/**
 * Cosines and sines of every position, [context, dim / 2]: entry (p, i) is of the angle p * f_i,
 * with the frequencies of the model, scaled where it scales them, computed in double precision. A
 * model has one rotation, whatever it rotates. The two tables take 4 * context * dim bytes of the
 * plan: 1 MiB at 4,096 positions of 64 elements, 32 MiB at 131,072.
 */
final class RotaryTables {

  private static final String COSINES = "rope.cosines";
  private static final String SINES = "rope.sines";

  private final int context;
  private Optional<RopeConfig> rotation = Optional.empty();

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
    RopeConfig wanted = op.rope();
    if (wanted.rotaryDimensions() != op.headDim()) {
      throw new IllegalStateException(
          "kernels rotate whole heads, got %d of %d"
              .formatted(wanted.rotaryDimensions(), op.headDim()));
    }
    if (!rotation.orElse(wanted).equals(wanted)) {
      throw new IllegalStateException("expected " + rotation + ", got " + wanted);
    }
    rotation = Optional.of(wanted);
    return builder.derived(tensor, StorageFormat.F32, (long) context * wanted.pairs());
  }

  /** Adds the tables that were asked for. */
  void writeTo(SafetensorsWriter writer) {
    rotation.ifPresent(
        known -> {
          int half = known.pairs();
          float[] cosines = new float[Math.multiplyExact(context, half)];
          float[] sines = new float[cosines.length];
          for (int pair = 0; pair < half; pair++) {
            double frequency = known.frequency(pair);
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
