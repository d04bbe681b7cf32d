package dev.kvasir.codegen.skeleton;

import static dev.kvasir.codegen.skeleton.KernelRuns.gaussian;
import static dev.kvasir.codegen.skeleton.KernelRuns.get;
import static dev.kvasir.codegen.skeleton.KernelRuns.matrix;
import static dev.kvasir.codegen.skeleton.KernelRuns.requireNear;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of one row against sums in double precision. */
class DenseKernelsTest {

  private static final int[] WIDTHS = {128, 256, 512};

  /** Rows from one sequence to the next; each has as many row blocks. */
  private static final int ROWS = 2;

  private static final int TOTAL = 2 * ROWS;

  private static KernelMemory run(
      Kernel kernel, Map<String, KernelMemory> inputs, int outputs, ProductBlock block, int bits) {
    return get(
        KernelRuns.run(
            kernel,
            bits,
            inputs,
            Map.of("sequence_rows", ROWS),
            TOTAL * outputs,
            2,
            ROWS,
            outputs / block.columns()),
        "y");
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, F32, F32, false, false",
    "15, 13, BF16, F32, false, true",
    "16, 64, BF16, BF16, true, false",
    "17, 33, F16, F32, false, false",
    "21, 77, F16, F32, false, true",
    "24, 256, F16, F32, false, false",
    "100, 129, BF16, F32, false, true",
    "40, 96, F32, F32, true, true",
    "100, 31, F32, F32, false, false",
    "48, 64, F16, F32, true, true",
    "34, 65, F16, BF16, true, true"
  })
  void products(
      int outputs,
      int inputs,
      ElementFormat weight,
      ElementFormat bias,
      boolean biased,
      boolean residual) {
    KernelMemory x = gaussian(ElementFormat.F32, TOTAL * inputs, 1);
    KernelMemory w = gaussian(weight, outputs * inputs, 2);
    KernelMemory r = gaussian(ElementFormat.F32, TOTAL * outputs, 3);
    KernelMemory b = gaussian(bias, outputs, 4);
    NaiveProduct product = new NaiveProduct(x, w, b, biased, outputs, inputs);
    for (ProductBlock block : blocks(outputs, inputs)) {
      Kernel kernel =
          DenseKernels.product(
              new Product("product", outputs, inputs, matrix(weight, bias, biased), residual),
              block);
      for (int bits : WIDTHS) {
        requireNear(
            run(kernel, Map.of("x", x, "w", w, "b", b, "r", r), outputs, block, bits),
            TOTAL * outputs,
            i -> product.at(i) + (residual ? r.getFloat(i) : 0));
      }
    }
  }

  /** What a plan would take, and blocks of other widths. */
  private static ProductBlock[] blocks(int outputs, int inputs) {
    return new ProductBlock[] {
      ProductBlock.of(outputs, inputs, 1 << 17),
      new ProductBlock(1, outputs),
      new ProductBlock(1, outputs % 5 == 0 ? outputs / 5 : 1)
    };
  }

  @ParameterizedTest
  @CsvSource({
    "16, 64, F32, F32, false, false, 512",
    "24, 17, BF16, F32, true, false, 256",
    "24, 70, BF16, BF16, false, true, 128",
    "48, 33, F16, BF16, true, true, 128",
    "24, 17, BF16, BF16, true, true, 512"
  })
  void gatedProducts(
      int outputs,
      int inputs,
      ElementFormat gateFormat,
      ElementFormat upFormat,
      boolean onGate,
      boolean onUp,
      int bits) {
    KernelMemory x = gaussian(ElementFormat.F32, TOTAL * inputs, 5);
    KernelMemory gate = gaussian(gateFormat, outputs * inputs, 6);
    KernelMemory up = gaussian(upFormat, outputs * inputs, 7);
    KernelMemory gateBias = gaussian(gateFormat, outputs, 8);
    KernelMemory upBias = gaussian(upFormat, outputs, 9);
    // Far into both tails of the sigmoid.
    for (int i = 0; i < inputs; i++) {
      x.setFloat(i, x.getFloat(i) * 40);
    }
    ProductBlock block = ProductBlock.of(outputs, inputs, 1 << 17);
    Kernel kernel =
        DenseKernels.gatedProduct(
            new GatedProduct(
                "gated",
                outputs,
                inputs,
                matrix(gateFormat, gateFormat, onGate),
                matrix(upFormat, upFormat, onUp)),
            block);
    NaiveProduct gated = new NaiveProduct(x, gate, gateBias, onGate, outputs, inputs);
    NaiveProduct lifted = new NaiveProduct(x, up, upBias, onUp, outputs, inputs);
    requireNear(
        run(
            kernel,
            Map.of("x", x, "gate", gate, "up", up, "gate_bias", gateBias, "up_bias", upBias),
            outputs,
            block,
            bits),
        TOTAL * outputs,
        i -> gated.gating(lifted, i));
  }

  /** A row's result is the same whatever other columns its block holds. */
  @Test
  void blocksDoNotChangeBits() {
    int outputs = 40;
    int inputs = 200;
    Map<String, KernelMemory> operands =
        Map.of(
            "x", gaussian(ElementFormat.F32, TOTAL * inputs, 31),
            "w", gaussian(ElementFormat.BF16, outputs * inputs, 32));
    for (int bits : WIDTHS) {
      KernelMemory whole = products(operands, outputs, inputs, new ProductBlock(1, outputs), bits);
      KernelMemory small = products(operands, outputs, inputs, new ProductBlock(1, 4), bits);
      for (int i = 0; i < TOTAL * outputs; i++) {
        assertThat(small.getFloat(i)).isEqualTo(whole.getFloat(i));
      }
    }
  }

  private static KernelMemory products(
      Map<String, KernelMemory> operands, int outputs, int inputs, ProductBlock block, int bits) {
    Kernel kernel =
        DenseKernels.product(Product.plain("product", outputs, inputs, ElementFormat.BF16), block);
    return run(kernel, operands, outputs, block, bits);
  }

  @Test
  void columnsDivideTheOutputs() {
    for (int inputs : new int[] {1, 64, 4096, 1 << 20}) {
      for (int outputs = 1; outputs < 200; outputs++) {
        int columns = ProductBlock.of(outputs, inputs, 1 << 17).columns();
        assertThat(outputs % columns).as("%d of %d", columns, outputs).isZero();
      }
    }
    assertThat(ProductBlock.of(14336, 4096, 1 << 18).columns()).isEqualTo(64);
    assertThat(ProductBlock.of(4096, 14336, 1 << 18).columns()).isEqualTo(16);
    assertThat(ProductBlock.of(7, 4096, 1 << 17).columns()).isEqualTo(7);
  }
}
