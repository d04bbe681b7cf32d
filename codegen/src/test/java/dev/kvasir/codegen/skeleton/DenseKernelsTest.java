package dev.kvasir.codegen.skeleton;

import static dev.kvasir.codegen.skeleton.KernelRuns.gaussian;
import static dev.kvasir.codegen.skeleton.KernelRuns.get;
import static dev.kvasir.codegen.skeleton.KernelRuns.requireNear;
import static dev.kvasir.codegen.skeleton.KernelRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products against sums in double precision. */
class DenseKernelsTest {

  private static final int[] WIDTHS = {128, 256, 512};

  private static double dot(KernelMemory x, int row, KernelMemory w, int output, int inputs) {
    double sum = 0;
    for (int i = 0; i < inputs; i++) {
      sum += (double) x.getFloat((long) row * inputs + i) * w.getFloat((long) output * inputs + i);
    }
    return sum;
  }

  private static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, F32, 1, false",
    "15, 13, BF16, 1, true",
    "16, 64, BF16, 1, false",
    "17, 33, F16, 1, false",
    "100, 129, BF16, 1, true",
    "40, 96, F32, 1, true",
    "100, 31, F32, 2, false",
    "48, 64, F16, 2, true",
    "13, 64, F32, 15, false",
    "34, 65, F16, 16, true",
    "64, 31, BF16, 16, true",
    "100, 40, BF16, 17, false"
  })
  void products(int outputs, int inputs, ElementFormat weight, int rows, boolean residual) {
    int rowBlocks = outputs > 48 ? 2 : 1;
    int total = 2 * rowBlocks * rows;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 1);
    KernelMemory w = gaussian(weight, outputs * inputs, 2);
    KernelMemory r = gaussian(ElementFormat.F32, total * outputs, 3);
    for (ProductBlock block : blocks(outputs, inputs, rows)) {
      Kernel kernel = DenseKernels.product("product", outputs, inputs, weight, block, residual);
      for (int bits : WIDTHS) {
        Map<String, KernelMemory> memories =
            run(
                kernel,
                bits,
                Map.of("x", x, "w", w, "r", r),
                Map.of("sequence_rows", rowBlocks * rows),
                total * outputs,
                2,
                rowBlocks,
                outputs / block.columns());
        requireNear(
            get(memories, "y"),
            total * outputs,
            i -> dot(x, i / outputs, w, i % outputs, inputs) + (residual ? r.getFloat(i) : 0));
      }
    }
  }

  /** What a plan would take, and blocks of other widths. */
  private static ProductBlock[] blocks(int outputs, int inputs, int rows) {
    return new ProductBlock[] {
      ProductBlock.of(outputs, inputs, rows, 1 << 17),
      new ProductBlock(rows, outputs),
      new ProductBlock(rows, outputs % 5 == 0 ? outputs / 5 : 1)
    };
  }

  @ParameterizedTest
  @CsvSource({
    "16, 64, F32, F32, 1, 512",
    "24, 17, BF16, F32, 16, 256",
    "24, 70, BF16, BF16, 1, 128",
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
    ProductBlock block = ProductBlock.of(outputs, inputs, rows, 1 << 17);
    Kernel kernel =
        DenseKernels.gatedProduct("gated", outputs, inputs, gateFormat, upFormat, block);
    Map<String, KernelMemory> memories =
        run(
            kernel,
            bits,
            Map.of("x", x, "gate", gate, "up", up),
            Map.of("sequence_rows", rows),
            total * outputs,
            2,
            1,
            outputs / block.columns());
    requireNear(
        get(memories, "y"),
        total * outputs,
        i ->
            silu(dot(x, i / outputs, gate, i % outputs, inputs))
                * dot(x, i / outputs, up, i % outputs, inputs));
  }

  @ParameterizedTest
  @CsvSource({
    "16, 31, BF16, BF16, 1, false, 512",
    "24, 64, F32, F32, 16, true, 256",
    "13, 17, F16, F32, 3, true, 128",
    "34, 65, F32, BF16, 16, false, 512"
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
    ProductBlock block = ProductBlock.of(outputs, inputs, rows, 1 << 17);
    Map<String, KernelMemory> memories =
        run(
            DenseKernels.product(
                "product", outputs, inputs, weight, Optional.of(bias), block, residual),
            bits,
            Map.of("x", x, "w", w, "b", b, "r", r),
            Map.of("sequence_rows", rows),
            total * outputs,
            2,
            1,
            outputs / block.columns());
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
    ProductBlock block = ProductBlock.of(outputs, inputs, rows, 1 << 17);
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
                block),
            bits,
            Map.of("x", x, "gate", gate, "up", up, "gate_bias", gateBias, "up_bias", upBias),
            Map.of("sequence_rows", rows),
            total * outputs,
            2,
            1,
            outputs / block.columns());
    requireNear(
        get(memories, "y"),
        total * outputs,
        i -> {
          int output = i % outputs;
          double g =
              dot(x, i / outputs, gate, output, inputs) + (onGate ? gateBias.getFloat(output) : 0);
          double u = dot(x, i / outputs, up, output, inputs) + (onUp ? upBias.getFloat(output) : 0);
          return silu(g) * u;
        });
  }

  /** A row's result is the same whatever other rows and columns its block holds. */
  @Test
  void blocksOfOneRowDoNotChangeBits() {
    int outputs = 40;
    int inputs = 200;
    KernelMemory x = gaussian(ElementFormat.F32, 2 * inputs, 31);
    KernelMemory w = gaussian(ElementFormat.BF16, outputs * inputs, 32);
    for (int bits : WIDTHS) {
      KernelMemory whole = products(x, w, outputs, inputs, new ProductBlock(1, outputs), bits);
      KernelMemory small = products(x, w, outputs, inputs, new ProductBlock(1, 4), bits);
      for (int i = 0; i < 2 * outputs; i++) {
        assertThat(small.getFloat(i)).isEqualTo(whole.getFloat(i));
      }
    }
  }

  private static KernelMemory products(
      KernelMemory x, KernelMemory w, int outputs, int inputs, ProductBlock block, int bits) {
    Kernel kernel =
        DenseKernels.product("product", outputs, inputs, ElementFormat.BF16, block, false);
    return get(
        run(
            kernel,
            bits,
            Map.of("x", x, "w", w),
            Map.of("sequence_rows", 1),
            2 * outputs,
            2,
            1,
            outputs / block.columns()),
        "y");
  }

  @Test
  void columnsDivideTheOutputs() {
    for (int rows : new int[] {1, 16}) {
      for (int inputs : new int[] {1, 64, 4096, 1 << 20}) {
        for (int outputs = 1; outputs < 200; outputs++) {
          int columns = ProductBlock.of(outputs, inputs, rows, 1 << 17).columns();
          assertThat(outputs % columns).as("%d of %d", columns, outputs).isZero();
        }
      }
    }
    assertThat(ProductBlock.of(14336, 4096, 1, 1 << 18).columns()).isEqualTo(64);
    assertThat(ProductBlock.of(4096, 14336, 1, 1 << 18).columns()).isEqualTo(16);
    assertThat(ProductBlock.of(7, 4096, 1, 1 << 17).columns()).isEqualTo(7);
  }
}
