package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products and row kernels against their formulas, two sequences at a time. */
class ActivationKernelsTest {

  private static final long SEED = 41;

  private static KernelMemory gaussian(ElementFormat format, int size, long seed) {
    Random random = new Random(SEED + seed);
    KernelMemory memory = KernelMemory.uninitialised(format, size);
    for (int i = 0; i < size; i++) {
      memory.setFloat(i, (float) random.nextGaussian());
    }
    return memory;
  }

  /** Runs for two sequences with the same dims and returns the memories. */
  private static Map<String, KernelMemory> run(
      Kernel kernel,
      int bits,
      Map<String, KernelMemory> inputs,
      Map<String, Integer> dims,
      int outputSize,
      int... grid) {
    Map<String, KernelMemory> memories = new HashMap<>(inputs);
    Kernel.Buffer output = kernel.buffers().getLast();
    memories.put(output.name(), KernelMemory.uninitialised(output.format(), outputSize));
    int[] values = Uniforms.dims(kernel, dims);
    JvmKernelRunner.run(kernel, bits, memories, new int[][] {values, values}, grid);
    return memories;
  }

  /** Relative L2 of at most 1e-6, and every element written. */
  private static void requireNear(KernelMemory actual, int size, IntToDoubleFunction expected) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < size; i++) {
      double wanted = expected.applyAsDouble(i);
      assertThat(actual.isInitialised(i)).as("element %d", i).isTrue();
      error += Math.pow(actual.getFloat(i) - wanted, 2);
      norm += wanted * wanted;
    }
    assertThat(Math.sqrt(error / norm)).as("seed %d", SEED).isLessThanOrEqualTo(1e-6);
  }

  private static double dot(KernelMemory x, int row, KernelMemory w, int output, int inputs) {
    double sum = 0;
    for (int i = 0; i < inputs; i++) {
      sum += (double) x.getFloat((long) row * inputs + i) * w.getFloat((long) output * inputs + i);
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource({
    "16, 1, 1, F32, 1, false, 128", "48, 13, 16, BF16, 1, true, 256",
    "13, 64, 3, F32, 16, false, 512", "34, 65, 16, F16, 16, true, 128",
    "64, 31, 4, BF16, 16, true, 512", "1, 17, 2, F32, 3, false, 256"
  })
  void products(
      int outputs,
      int inputs,
      int blocks,
      ElementFormat weight,
      int rows,
      boolean residual,
      int bits) {
    int rowBlocks = blocks > 3 ? 2 : 1;
    int total = 2 * rowBlocks * rows;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 1);
    KernelMemory w = gaussian(weight, outputs * inputs, 2);
    KernelMemory r = gaussian(ElementFormat.F32, total * outputs, 3);
    Kernel kernel = DenseKernels.product("product", outputs, inputs, weight, rows, residual);
    Map<String, KernelMemory> memories =
        run(
            kernel,
            bits,
            Map.of("x", x, "w", w, "r", r),
            Map.of("sequence_rows", rowBlocks * rows),
            total * outputs,
            2,
            rowBlocks,
            outputs / DenseKernels.columnBlock(outputs));
    requireNear(
        get(memories, "y"),
        total * outputs,
        i -> dot(x, i / outputs, w, i % outputs, inputs) + (residual ? r.getFloat(i) : 0));
  }

  @ParameterizedTest
  @CsvSource({
    "16, 64, F32, F32, 1, 512",
    "24, 17, BF16, F32, 16, 256",
    "48, 33, F16, BF16, 3, 128"
  })
  void gatedProducts(
      int outputs,
      int inputs,
      ElementFormat gateFormat,
      ElementFormat upFormat,
      int rows,
      int bits) {
    int total = 2 * rows;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 4);
    KernelMemory gate = gaussian(gateFormat, outputs * inputs, 5);
    KernelMemory up = gaussian(upFormat, outputs * inputs, 6);
    // Far into both tails of the sigmoid.
    for (int i = 0; i < inputs; i++) {
      x.setFloat(i, x.getFloat(i) * 40);
    }
    Kernel kernel = DenseKernels.gatedProduct("gated", outputs, inputs, gateFormat, upFormat, rows);
    Map<String, KernelMemory> memories =
        run(
            kernel,
            bits,
            Map.of("x", x, "gate", gate, "up", up),
            Map.of("sequence_rows", rows),
            total * outputs,
            2,
            1,
            outputs / DenseKernels.columnBlock(outputs));
    requireNear(
        get(memories, "y"),
        total * outputs,
        i -> {
          double g = dot(x, i / outputs, gate, i % outputs, inputs);
          return g / (1 + Math.exp(-g)) * dot(x, i / outputs, up, i % outputs, inputs);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "16, 13, BF16, BF16, 1, true, 256",
    "24, 17, F32, F16, 16, false, 512",
    "34, 9, F16, F32, 3, true, 128"
  })
  void productsWithBias(
      int outputs,
      int inputs,
      ElementFormat weight,
      ElementFormat bias,
      int rows,
      boolean residual,
      int bits) {
    int total = 2 * rows;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 21);
    KernelMemory w = gaussian(weight, outputs * inputs, 22);
    KernelMemory b = gaussian(bias, outputs, 23);
    KernelMemory r = gaussian(ElementFormat.F32, total * outputs, 24);
    Map<String, KernelMemory> memories =
        run(
            DenseKernels.product(
                "product", outputs, inputs, weight, Optional.of(bias), rows, residual),
            bits,
            Map.of("x", x, "w", w, "b", b, "r", r),
            Map.of("sequence_rows", rows),
            total * outputs,
            2,
            1,
            outputs / DenseKernels.columnBlock(outputs));
    requireNear(
        get(memories, "y"),
        total * outputs,
        i ->
            dot(x, i / outputs, w, i % outputs, inputs)
                + b.getFloat(i % outputs)
                + (residual ? r.getFloat(i) : 0));
  }

  @ParameterizedTest
  @CsvSource({"true, false, 256", "false, true, 512", "true, true, 128"})
  void gatedProductsWithBiases(boolean onGate, boolean onUp, int bits) {
    int outputs = 24;
    int inputs = 17;
    int rows = 3;
    int total = 2 * rows;
    ElementFormat format = ElementFormat.BF16;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 25);
    KernelMemory gate = gaussian(format, outputs * inputs, 26);
    KernelMemory up = gaussian(format, outputs * inputs, 27);
    KernelMemory gateBias = gaussian(format, outputs, 28);
    KernelMemory upBias = gaussian(format, outputs, 29);
    Map<String, KernelMemory> memories =
        run(
            DenseKernels.gatedProduct(
                "gated",
                outputs,
                inputs,
                format,
                format,
                onGate ? Optional.of(format) : Optional.empty(),
                onUp ? Optional.of(format) : Optional.empty(),
                rows),
            bits,
            Map.of("x", x, "gate", gate, "up", up, "gate_bias", gateBias, "up_bias", upBias),
            Map.of("sequence_rows", rows),
            total * outputs,
            2,
            1,
            outputs / DenseKernels.columnBlock(outputs));
    requireNear(
        get(memories, "y"),
        total * outputs,
        i -> {
          int output = i % outputs;
          double g =
              dot(x, i / outputs, gate, output, inputs) + (onGate ? gateBias.getFloat(output) : 0);
          double u = dot(x, i / outputs, up, output, inputs) + (onUp ? upBias.getFloat(output) : 0);
          return g / (1 + Math.exp(-g)) * u;
        });
  }

  @ParameterizedTest
  @CsvSource({"1, 16, F32, 256", "3, 13, BF16, 512", "4, 128, F16, 128"})
  void normsOfHeads(int heads, int width, ElementFormat format, int bits) {
    int tokens = 3;
    int firstRow = 1;
    int size = 2 * tokens * heads * width;
    KernelMemory x = gaussian(ElementFormat.F32, size + firstRow * heads * width, 31);
    KernelMemory w = gaussian(format, width, 32);
    Map<String, KernelMemory> memories =
        run(
            RowKernels.rmsNorm("norm", heads, width, 0.1, format),
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

  @Test
  void columnBlocksDivideTheOutputs() {
    for (int outputs = 1; outputs < 200; outputs++) {
      int block = DenseKernels.columnBlock(outputs);
      assertThat(outputs % block).isZero();
      for (int larger = block + 1; larger <= Math.min(16, outputs); larger++) {
        assertThat(outputs % larger).isNotZero();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, F32, 128", "13, BF16, 256", "65, F16, 512", "128, F32, 512"})
  void embeddings(int width, ElementFormat format, int bits) {
    KernelMemory table = gaussian(format, 9 * width, 7);
    int[] tokens = {8, 0, 3, 3, 5, 1};
    Map<String, KernelMemory> memories =
        run(
            RowKernels.embedding("embedding", width, format),
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
    "1, F32, 128, 1e-5",
    "13, BF16, 256, 0.1",
    "65, F16, 512, 1e-6",
    "128, F32, 512, 1e-5"
  })
  void rootMeanSquareNorms(int width, ElementFormat format, int bits, double epsilon) {
    int firstRow = 2;
    KernelMemory x = gaussian(ElementFormat.F32, (4 + firstRow) * width, 8);
    KernelMemory w = gaussian(format, width, 9);
    Map<String, KernelMemory> memories =
        run(
            RowKernels.rmsNorm("norm", width, epsilon, format),
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
  @CsvSource({"1, 2, 128", "3, 26, 256", "4, 64, 512", "2, 128, 128"})
  void rotatesHalfSplitPairs(int heads, int dim, int bits) {
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
            RowKernels.rope("rope", heads, dim),
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

  @Test
  void argmaxTakesTheLowestOfEquals() {
    int width = 37;
    KernelMemory logits = KernelMemory.uninitialised(ElementFormat.F32, 2L * width);
    for (int i = 0; i < 2 * width; i++) {
      logits.setFloat(i, i == 20 || i == 31 || i == width ? -1 : -2);
    }
    Map<String, KernelMemory> memories =
        run(RowKernels.argmax("argmax", width), 256, Map.of("logits", logits), Map.of(), 2, 2);
    assertThat(get(memories, "next").toInts()).containsExactly(20, 0);
  }

  private static KernelMemory get(Map<String, KernelMemory> memories, String name) {
    return Objects.requireNonNull(memories.get(name));
  }
}
