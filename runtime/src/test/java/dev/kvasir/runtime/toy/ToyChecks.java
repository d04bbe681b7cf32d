package dev.kvasir.runtime.toy;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.program.KernelDeclaration.Check;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/** Declarations of the toy kernels, and launches of them with known results. */
final class ToyChecks {

  private static final int PAGE = 64 * 4;
  private static final int TOKEN = 5;
  private static final int ROW = 65;

  private ToyChecks() {}

  static List<KernelDeclaration> declarations() {
    return List.of(
        new KernelDeclaration(
            "embed",
            "toy embedding",
            List.of(read("tokens", StorageFormat.I32), written("x", StorageFormat.F32)),
            List.of(),
            2,
            6,
            0,
            new TreeMap<>(),
            new Check(List.of(1, 2), List.of(), List.of(2, 18))),
        append("append_f32", StorageFormat.F32, 0),
        append("append_bf16", StorageFormat.BF16, 1),
        new KernelDeclaration(
            "score",
            "toy logits",
            List.of(
                read("full_table", StorageFormat.I32),
                read("full_pool", StorageFormat.F32),
                read("ring_table", StorageFormat.I32),
                read("ring_pool", StorageFormat.BF16),
                read("bias", StorageFormat.F32),
                read("scale", StorageFormat.F32),
                written("logits", StorageFormat.F32)),
            List.of("full_rows", "ring_rows", "full_slots", "ring_slots", "window", "page"),
            2,
            0,
            0,
            new TreeMap<>(),
            new Check(
                List.of(1, 2), List.of(2, 1, 1, 1, 1, PAGE), List.of(1, PAGE, 1, PAGE, 48, 1, 48))),
        new KernelDeclaration(
            "largest",
            "toy argmax",
            List.of(read("logits", StorageFormat.F32), written("next", StorageFormat.I32)),
            List.of("vocabulary"),
            1,
            0,
            0,
            new TreeMap<>(),
            new Check(List.of(2), List.of(5), List.of(5, 3))));
  }

  private static KernelDeclaration append(String name, StorageFormat format, int half) {
    return new KernelDeclaration(
        name,
        "toy append",
        List.of(
            read("tokens", StorageFormat.I32),
            read("table", StorageFormat.I32),
            written("pool", format)),
        List.of("row", "rows_after", "slots", "key_dim", "value_dim", "half"),
        3,
        0,
        0,
        new TreeMap<>(),
        new Check(List.of(1, 1, 1), List.of(ROW, ROW + 1, 2, 1, 3, half), List.of(1, 2, 2 * PAGE)));
  }

  static SafetensorsWriter vectors() {
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .addInts("embed.in.tokens", new int[] {2, 1}, 2)
            .addFloats(
                "embed.out.x",
                Arrays.copyOf(
                    new float[] {
                      200, 201, 202, 210, 211, 212, 100, 101, 102, 110, 111, 112, Float.NaN,
                      Float.NaN, Float.NaN, Float.NaN, Float.NaN, Float.NaN
                    },
                    18),
                18)
            .addInts("score.in.full_table", new int[] {0}, 1)
            .addFloats("score.in.full_pool", new float[] {5, 6}, 2)
            .addInts("score.in.ring_table", new int[] {0}, 1)
            .add(bfloats("score.in.ring_pool", new float[] {1}))
            .addFloats("score.in.bias", new float[] {0.5f}, 1)
            .addFloats("score.in.scale", new float[] {2}, 1)
            .addFloats("score.out.logits", scores(), 48)
            .addFloats("largest.in.logits", new float[] {1, 3, -2, 3, 2}, 5)
            .addInts("largest.out.next", new int[] {1, 1, Integer.MIN_VALUE}, 3);
    for (String name : List.of("append_f32", "append_bf16")) {
      writer
          .addInts(name + ".in.tokens", new int[] {TOKEN}, 1)
          .addInts(name + ".in.table", new int[] {1, 0}, 2);
    }
    return writer
        .addFloats("append_f32.out.pool", pool(1), 2 * PAGE)
        .add(bfloats("append_bf16.out.pool", pool(2)));
  }

  /**
   * Row 65 is row 1 of logical page 1, which the table puts into page 0.
   *
   * @param key place of row 1 in its line
   */
  private static float[] pool(int key) {
    float[] pool = new float[2 * PAGE];
    Arrays.fill(pool, Float.NaN);
    pool[key] = 3 * TOKEN;
    pool[64 + 3] = TOKEN;
    pool[64 + 4] = TOKEN + 1;
    pool[64 + 5] = TOKEN + 2;
    return pool;
  }

  /** The target is 5 * 1 + 6 * 2 + 1 * 1. */
  private static float[] scores() {
    float[] scores = new float[48];
    Arrays.fill(scores, Float.NaN);
    for (int v = 0; v < 32; v++) {
      scores[v] = 0.5f - 2 * Math.abs(v - 18);
    }
    return scores;
  }

  private static SafetensorsTensor bfloats(String name, float[] values) {
    byte[] bytes = new byte[2 * values.length];
    for (int i = 0; i < values.length; i++) {
      int bits = Float.floatToIntBits(values[i]) >>> 16;
      bytes[2 * i] = (byte) bits;
      bytes[2 * i + 1] = (byte) (bits >>> 8);
    }
    return new SafetensorsTensor(
        name, SafetensorsType.BF16, List.of((long) values.length), MemorySegment.ofArray(bytes));
  }

  private static Argument read(String name, StorageFormat format) {
    return new Argument(name, format, false, true);
  }

  private static Argument written(String name, StorageFormat format) {
    return new Argument(name, format, true, false);
  }
}
