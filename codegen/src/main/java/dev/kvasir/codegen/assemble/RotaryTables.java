package dev.kvasir.codegen.assemble;

import dev.kvasir.ir.graph.ops.RopeOp;
import dev.kvasir.plans.StorageFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/** Cosines and sines of every position, [context, dim / 2], computed in double precision. */
final class RotaryTables {

  private record Key(int dim, double theta) {}

  /**
   * One pair of tables.
   *
   * @param dim elements of a head
   * @param cosines f32
   * @param sines f32
   */
  record Tables(int dim, float[] cosines, float[] sines) {}

  private final int context;
  private final Map<Key, Tables> tables = new LinkedHashMap<>();

  RotaryTables(int context) {
    this.context = context;
  }

  String cosines(ProgramBuilder builder, RopeOp op) {
    return derived(builder, op, "cosines");
  }

  String sines(ProgramBuilder builder, RopeOp op) {
    return derived(builder, op, "sines");
  }

  private String derived(ProgramBuilder builder, RopeOp op, String kind) {
    if (op.rotary() != op.headDim()) {
      throw new IllegalStateException(
          "kernels rotate whole heads, got " + op.rotary() + " of " + op.headDim());
    }
    tables.computeIfAbsent(new Key(op.headDim(), op.theta()), this::compute);
    if (tables.size() > 1) {
      throw new IllegalStateException("a model has one rotary base");
    }
    return builder.derived("rope." + kind, StorageFormat.F32, (long) context * (op.headDim() / 2));
  }

  /** Angle of pair i at position p: p * theta^(-2i / dim). */
  private Tables compute(Key key) {
    int half = key.dim() / 2;
    float[] cosines = new float[context * half];
    float[] sines = new float[context * half];
    for (int pair = 0; pair < half; pair++) {
      double frequency = Math.pow(key.theta(), -2.0 * pair / key.dim());
      for (int position = 0; position < context; position++) {
        cosines[position * half + pair] = (float) Math.cos(position * frequency);
        sines[position * half + pair] = (float) Math.sin(position * frequency);
      }
    }
    return new Tables(key.dim(), cosines, sines);
  }

  /** {@return the tables that were asked for, by tensor name} */
  Map<String, Tables> tensors() {
    Map<String, Tables> all = new LinkedHashMap<>();
    tables.values().forEach(value -> all.put("rope", value));
    return all;
  }
}
