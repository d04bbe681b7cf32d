package dev.kvasir.codegen.skeleton;

import static dev.kvasir.codegen.skeleton.KernelRuns.gaussian;
import static dev.kvasir.codegen.skeleton.KernelRuns.matrix;
import static dev.kvasir.codegen.skeleton.KernelRuns.requireNear;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of blocks of rows against sums in double precision, two sequences at a time. */
class ProductsOfRowsTest {

  private static final int ROW_BLOCKS = 2;

  private static KernelMemory run(
      Kernel kernel, Map<String, KernelMemory> operands, int outputs, ProductBlock block) {
    int sequenceRows = ROW_BLOCKS * block.rows();
    Map<String, KernelMemory> memories = new HashMap<>(operands);
    memories.keySet().retainAll(kernel.buffers().stream().map(Kernel.Buffer::name).toList());
    KernelMemory result =
        KernelMemory.uninitialised(ElementFormat.F32, 2L * sequenceRows * outputs);
    memories.put("y", result);
    KernelInterpreter.run(
        kernel,
        memories,
        new int[][] {{sequenceRows}, {sequenceRows}},
        new int[] {2, ROW_BLOCKS, outputs / block.columns()});
    return result;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, F32, 2, false, false",
    "48, 13, F32, 16, true, true",
    "100, 31, F16, 16, false, true",
    "34, 65, F32, 17, true, false"
  })
  void products(
      int outputs, int inputs, ElementFormat weight, int rows, boolean biased, boolean residual) {
    ProductBlock block = ProductBlock.ofRows(outputs, rows);
    int total = 2 * ROW_BLOCKS * rows;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 1);
    KernelMemory w = gaussian(weight, outputs * inputs, 2);
    KernelMemory b = gaussian(weight, outputs, 3);
    KernelMemory r = gaussian(ElementFormat.F32, total * outputs, 4);
    NaiveProduct product = new NaiveProduct(x, w, b, biased, outputs, inputs);
    MatrixFormat matrix = matrix(weight, weight, biased);
    requireNear(
        run(
            DenseKernels.product(new Product("product", outputs, inputs, matrix, residual), block),
            Map.of("x", x, "w", w, "b", b, "r", r),
            outputs,
            block),
        total * outputs,
        i -> product.at(i) + (residual ? r.getFloat(i) : 0));
  }

  @ParameterizedTest
  @CsvSource({"24, 17, 16, false, true", "48, 33, 3, true, true"})
  void gatedProducts(int outputs, int inputs, int rows, boolean onGate, boolean onUp) {
    ProductBlock block = ProductBlock.ofRows(outputs, rows);
    int total = 2 * ROW_BLOCKS * rows;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 5);
    KernelMemory gate = gaussian(ElementFormat.F32, outputs * inputs, 6);
    KernelMemory up = gaussian(ElementFormat.F32, outputs * inputs, 7);
    KernelMemory gateBias = gaussian(ElementFormat.F32, outputs, 8);
    KernelMemory upBias = gaussian(ElementFormat.F32, outputs, 9);
    NaiveProduct gated = new NaiveProduct(x, gate, gateBias, onGate, outputs, inputs);
    NaiveProduct lifted = new NaiveProduct(x, up, upBias, onUp, outputs, inputs);
    requireNear(
        run(
            DenseKernels.gatedProduct(
                new GatedProduct(
                    "gated",
                    outputs,
                    inputs,
                    matrix(ElementFormat.F32, ElementFormat.F32, onGate),
                    matrix(ElementFormat.F32, ElementFormat.F32, onUp)),
                block),
            Map.of("x", x, "gate", gate, "up", up, "gate_bias", gateBias, "up_bias", upBias),
            outputs,
            block),
        total * outputs,
        i -> gated.gating(lifted, i));
  }

  @Test
  void columnsDivideTheOutputs() {
    for (int outputs = 1; outputs < 300; outputs++) {
      assertThat(outputs % ProductBlock.ofRows(outputs, 16).columns()).as("%d", outputs).isZero();
    }
    assertThat(ProductBlock.ofRows(4096, 16)).isEqualTo(new ProductBlock(16, 64));
  }
}
