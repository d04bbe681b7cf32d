package dev.kvasir.codegen.skeleton;

import static dev.kvasir.codegen.skeleton.KernelRuns.gaussian;
import static dev.kvasir.codegen.skeleton.KernelRuns.get;
import static dev.kvasir.codegen.skeleton.KernelRuns.requireNear;
import static dev.kvasir.codegen.skeleton.KernelRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Row kernels against their formulas, two sequences at a time. */
class ActivationKernelsTest {

  @ParameterizedTest
  @CsvSource({
    "1, 16, F32, 256, 16",
    "3, 13, BF16, 512, 39",
    "3, 13, BF16, 512, 38",
    "4, 128, F16, 128, 512",
    "4, 128, F16, 128, 200"
  })
  void normsOfHeads(int heads, int width, ElementFormat format, int bits, int most) {
    int tokens = 3;
    int firstRow = 1;
    int size = 2 * tokens * heads * width;
    KernelMemory x = gaussian(ElementFormat.F32, size + firstRow * heads * width, 31);
    KernelMemory w = gaussian(format, width, 32);
    Map<String, KernelMemory> memories =
        run(
            RowKernels.rmsNorm("norm", heads, width, 0.1, format, most),
            bits,
            Map.of("x", x, "w", w),
            Map.of("sequence_rows", tokens, "first_row", firstRow),
            size,
            2,
            tokens);
    requireNear(
        get(memories, "y"),
        size,
        i -> {
          long start = (long) (firstRow * heads + i / width) * width;
          double squares = 0;
          for (int j = 0; j < width; j++) {
            squares += Math.pow(x.getFloat(start + j), 2);
          }
          return x.getFloat(start + i % width)
              / Math.sqrt(squares / width + 0.1)
              * w.getFloat(i % width);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "1, F32, 128, 1",
    "13, BF16, 256, 20",
    "65, F16, 512, 64",
    "128, F32, 512, 128",
    "128, F32, 512, 16"
  })
  void embeddings(int width, ElementFormat format, int bits, int most) {
    KernelMemory table = gaussian(format, 9 * width, 7);
    int[] tokens = {8, 0, 3, 3, 5, 1};
    Map<String, KernelMemory> memories =
        run(
            RowKernels.embedding("embedding", width, format, most),
            bits,
            Map.of("tokens", KernelMemory.ofInts(tokens), "table", table),
            Map.of("sequence_rows", 3),
            6 * width,
            2,
            3);
    for (int i = 0; i < 6 * width; i++) {
      assertThat(get(memories, "y").getFloat(i))
          .isEqualTo(table.getFloat((long) tokens[i / width] * width + i % width));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, F32, 128, 1e-5, 1",
    "13, BF16, 256, 0.1, 13",
    "65, F16, 512, 1e-6, 64",
    "128, F32, 512, 1e-5, 128",
    "128, F32, 512, 1e-5, 127"
  })
  void rootMeanSquareNorms(int width, ElementFormat format, int bits, double epsilon, int most) {
    int firstRow = 2;
    KernelMemory x = gaussian(ElementFormat.F32, (4 + firstRow) * width, 8);
    KernelMemory w = gaussian(format, width, 9);
    Map<String, KernelMemory> memories =
        run(
            RowKernels.rmsNorm("norm", 1, width, epsilon, format, most),
            bits,
            Map.of("x", x, "w", w),
            Map.of("sequence_rows", 2, "first_row", firstRow),
            4 * width,
            2,
            2);
    requireNear(
        get(memories, "y"),
        4 * width,
        i -> {
          long start = (long) (i / width + firstRow) * width;
          double squares = 0;
          for (int j = 0; j < width; j++) {
            squares += Math.pow(x.getFloat(start + j), 2);
          }
          return x.getFloat(start + i % width)
              / Math.sqrt(squares / width + epsilon)
              * w.getFloat(i % width);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "1, 2, 128, 1",
    "3, 26, 256, 39",
    "3, 26, 256, 26",
    "4, 64, 512, 64",
    "2, 128, 128, 128"
  })
  void rotatesHalfSplitPairs(int heads, int dim, int bits, int most) {
    int position = 5;
    int tokens = 3;
    int half = dim / 2;
    KernelMemory x = gaussian(ElementFormat.F32, 2 * tokens * heads * dim, 10);
    KernelMemory cosines =
        KernelMemory.uninitialised(ElementFormat.F32, (long) (position + tokens) * half);
    KernelMemory sines =
        KernelMemory.uninitialised(ElementFormat.F32, (long) (position + tokens) * half);
    for (int i = 0; i < (position + tokens) * half; i++) {
      int row = i / half;
      double angle = row * Math.pow(10000, -2.0 * (i % half) / dim);
      cosines.setFloat(i, (float) Math.cos(angle));
      sines.setFloat(i, (float) Math.sin(angle));
    }
    Map<String, KernelMemory> memories =
        run(
            RowKernels.rope("rope", heads, dim, most),
            bits,
            Map.of("x", x, "cosines", cosines, "sines", sines),
            Map.of("sequence_rows", tokens, "position", position),
            2 * tokens * heads * dim,
            2,
            tokens);
    requireNear(
        get(memories, "y"),
        2 * tokens * heads * dim,
        i -> {
          int token = i / (heads * dim) % tokens;
          int place = i % dim;
          int pair = place % half;
          double angle = (position + token) * Math.pow(10000, -2.0 * pair / dim);
          double a = x.getFloat(i - place + pair);
          double b = x.getFloat(i - place + pair + half);
          return place < half
              ? a * Math.cos(angle) - b * Math.sin(angle)
              : b * Math.cos(angle) + a * Math.sin(angle);
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {37, 36, 12, 1})
  void argmaxTakesTheLowestOfEquals(int most) {
    int width = 37;
    KernelMemory logits = KernelMemory.uninitialised(ElementFormat.F32, 2L * width);
    for (int i = 0; i < 2 * width; i++) {
      logits.setFloat(i, i == 20 || i == 31 || i == width ? -1 : -2);
    }
    Map<String, KernelMemory> memories =
        run(
            RowKernels.argmax("argmax", width, most),
            256,
            Map.of("logits", logits),
            Map.of(),
            2,
            2);
    assertThat(get(memories, "next").toInts()).containsExactly(20, 0);
  }
}
