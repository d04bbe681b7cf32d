package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.codegen.skeleton.DenseKernels;
import dev.kvasir.codegen.skeleton.GatedProduct;
import dev.kvasir.codegen.skeleton.MatrixFormat;
import dev.kvasir.codegen.skeleton.Product;
import dev.kvasir.codegen.skeleton.ProductBlock;
import dev.kvasir.codegen.skeleton.RowKernels;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Launches of the dense kernels on drawn numbers, two sequences at a time. */
final class DenseCases {

  private static final int SEQUENCES = 2;

  private final Random random;

  DenseCases(long seed) {
    this.random = new Random(seed);
  }

  private KernelCase.Builder builder(Kernel kernel) {
    return new KernelCase.Builder(random, kernel.name(), kernel);
  }

  private static List<Map<String, Integer>> dims(Map<String, Integer> same) {
    return IntStream.range(0, SEQUENCES).mapToObj(_ -> same).toList();
  }

  /** A product of one or two blocks of rows. */
  KernelCase product(int outputs, int inputs, ElementFormat weight, ProductBlock block) {
    Kernel kernel =
        DenseKernels.product(
            new Product(
                "product_%dx%d_%s_%d".formatted(outputs, inputs, weight.text(), block.rows()),
                outputs,
                inputs,
                MatrixFormat.of(weight).biased(ElementFormat.F32),
                true),
            block);
    int down = block.rows() == 1 ? 1 : 2;
    int rows = down * block.rows();
    return builder(kernel)
        .normal("x", SEQUENCES * rows * inputs)
        .normal("w", outputs * inputs)
        .normal("b", outputs)
        .normal("r", SEQUENCES * rows * outputs)
        .output("y", SEQUENCES * rows * outputs)
        .launch(
            new int[] {SEQUENCES, down, outputs / block.columns()},
            dims(Map.of("sequence_rows", rows)));
  }

  KernelCase gatedProduct(int outputs, int inputs, ElementFormat weight, ProductBlock block) {
    Kernel kernel =
        DenseKernels.gatedProduct(
            new GatedProduct(
                "gated_%dx%d_%s_%d".formatted(outputs, inputs, weight.text(), block.rows()),
                outputs,
                inputs,
                MatrixFormat.of(weight),
                MatrixFormat.of(weight).biased(ElementFormat.F32)),
            block);
    return builder(kernel)
        .normal("x", SEQUENCES * block.rows() * inputs)
        .normal("gate", outputs * inputs)
        .normal("up", outputs * inputs)
        .normal("up_bias", outputs)
        .output("y", SEQUENCES * block.rows() * outputs)
        .launch(
            new int[] {SEQUENCES, 1, outputs / block.columns()},
            dims(Map.of("sequence_rows", block.rows())));
  }

  KernelCase embedding(int width, ElementFormat table, int most) {
    int words = 7;
    return builder(RowKernels.embedding("embedding_" + width, width, table, most))
        .memory("tokens", KernelMemory.ofInts(6, 0, 3, 3, 1, 5))
        .normal("table", words * width)
        .output("y", SEQUENCES * 3 * width)
        .launch(new int[] {SEQUENCES, 3}, dims(Map.of("sequence_rows", 3)));
  }

  KernelCase rmsNorm(int heads, int width, int most) {
    Kernel kernel =
        RowKernels.rmsNorm(
            "norm_%dx%d".formatted(heads, width), heads, width, 1e-5, ElementFormat.F32, most);
    int tokens = 2;
    int firstRow = heads == 1 ? 1 : 0;
    return builder(kernel)
        .normal("x", (SEQUENCES * tokens + firstRow) * heads * width)
        .normal("w", width)
        .output("y", SEQUENCES * tokens * heads * width)
        .launch(
            new int[] {SEQUENCES, tokens},
            dims(Map.of("sequence_rows", tokens, "first_row", firstRow)));
  }

  KernelCase rope(int heads, int dim, int most) {
    Kernel kernel = RowKernels.rope("rope_%dx%d".formatted(heads, dim), heads, dim, most);
    int tokens = 2;
    return builder(kernel)
        .normal("x", SEQUENCES * tokens * heads * dim)
        .normal("cosines", 5 * dim)
        .normal("sines", 5 * dim)
        .output("y", SEQUENCES * tokens * heads * dim)
        .launch(
            new int[] {SEQUENCES, tokens}, dims(Map.of("sequence_rows", tokens, "position", 3)));
  }

  KernelCase argmax(int width, int most) {
    return builder(RowKernels.argmax("argmax_" + width, width, most))
        .normal("logits", SEQUENCES * width)
        .output("next", SEQUENCES)
        .launch(new int[] {SEQUENCES}, dims(Map.of()));
  }
}
