package dev.kvasir.codegen.skeleton;

import static dev.kvasir.codegen.skeleton.KernelRuns.gaussian;
import static dev.kvasir.codegen.skeleton.KernelRuns.get;
import static dev.kvasir.codegen.skeleton.KernelRuns.requireNear;
import static dev.kvasir.codegen.skeleton.KernelRuns.run;
import static dev.kvasir.codegen.skeleton.KernelRuns.signedBytes;

import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products with signed bytes and a factor for each output, against sums in double precision. */
class ScaledProductsTest {

  private static final int[] WIDTHS = {128, 256, 512};
  private static final int TILE = PanelSizes.TILE_ROWS;

  /** Rows from one sequence to the next; each has as many row blocks of one row. */
  private static final int ROWS = 2;

  private static final int TOTAL = 2 * ROWS;

  /** A matrix as it is stored. */
  private record Matrix(KernelMemory codes, KernelMemory scales, KernelMemory bias, int inputs) {
    static Matrix of(int outputs, int inputs, ElementFormat scale, long seed) {
      return new Matrix(
          signedBytes(outputs * inputs, seed),
          KernelRuns.scales(scale, outputs, seed + 1),
          gaussian(ElementFormat.F16, outputs, seed + 2),
          inputs);
    }

    MatrixFormat format(boolean withBias) {
      MatrixFormat format = MatrixFormat.of(ElementFormat.I8).scaled(scales.format());
      return withBias ? format.biased(bias.format()) : format;
    }

    NaiveProduct times(KernelMemory x, boolean withBias) {
      int outputs = Math.toIntExact(scales.size());
      return new NaiveProduct(x, codes, Optional.of(scales), bias, withBias, outputs, inputs);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, F32, false, false",
    "15, 13, BF16, false, true",
    "8, 63, F16, true, false",
    "16, 64, BF16, false, false",
    "100, 65, F32, true, true",
    "24, 207, BF16, false, true",
    "9, 4098, F16, false, false",
    "34, 131, F16, true, true"
  })
  void products(int outputs, int inputs, ElementFormat scale, boolean withBias, boolean residual) {
    Matrix w = Matrix.of(outputs, inputs, scale, 1);
    KernelMemory x = gaussian(ElementFormat.F32, TOTAL * inputs, 11);
    KernelMemory r = gaussian(ElementFormat.F32, TOTAL * outputs, 12);
    NaiveProduct expected = w.times(x, withBias);
    ProductBlock block = ProductBlock.of(outputs, inputs, 1 << 17);
    Product product = new Product("product", outputs, inputs, w.format(withBias), residual);
    for (int bits : WIDTHS) {
      Map<String, KernelMemory> memories =
          run(
              DenseKernels.product(product, block),
              bits,
              Map.of("x", x, "w", w.codes(), "w_scale", w.scales(), "b", w.bias(), "r", r),
              Map.of("sequence_rows", ROWS),
              TOTAL * outputs,
              2,
              ROWS,
              outputs / block.columns());
      requireNear(
          get(memories, "y"),
          TOTAL * outputs,
          i -> expected.at(i) + (residual ? r.getFloat(i) : 0));
    }
  }

  @ParameterizedTest
  @CsvSource({"24, 70", "16, 300", "48, 33"})
  void gatedProducts(int outputs, int inputs) {
    Matrix gate = Matrix.of(outputs, inputs, ElementFormat.BF16, 21);
    Matrix up = Matrix.of(outputs, inputs, ElementFormat.F32, 31);
    KernelMemory x = gaussian(ElementFormat.F32, TOTAL * inputs, 41);
    NaiveProduct gated = gate.times(x, true);
    NaiveProduct lifted = up.times(x, false);
    ProductBlock block = ProductBlock.of(outputs, inputs, 1 << 17);
    GatedProduct product =
        new GatedProduct("gated", outputs, inputs, gate.format(true), up.format(false));
    for (int bits : WIDTHS) {
      Map<String, KernelMemory> memories =
          run(
              DenseKernels.gatedProduct(product, block),
              bits,
              gatedBuffers(x, gate, up),
              Map.of("sequence_rows", ROWS),
              TOTAL * outputs,
              2,
              ROWS,
              outputs / block.columns());
      requireNear(get(memories, "y"), TOTAL * outputs, i -> gated.gating(lifted, i));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 64, 1, 1, false, false",
    "15, 19, 1, 64, 15, 8, true, false",
    "17, 33, 3, 64, 17, 16, true, true",
    "24, 70, 5, 64, 12, 32, false, true",
    "20, 100, 9, 128, 10, 64, true, false"
  })
  void panels(
      int outputs,
      int inputs,
      int tiles,
      int blockRows,
      int columns,
      int depth,
      boolean withBias,
      boolean residual) {
    int total = 2 * tiles * TILE;
    Matrix w = Matrix.of(outputs, inputs, ElementFormat.BF16, 51);
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 61);
    KernelMemory r = gaussian(ElementFormat.F32, total * outputs, 62);
    PanelSizes sizes = new PanelSizes(blockRows, columns, depth);
    Product product = new Product("product", outputs, inputs, w.format(withBias), residual);
    NaiveProduct expected = w.times(x, withBias);
    for (int bits : WIDTHS) {
      Map<String, KernelMemory> memories =
          run(
              PanelProducts.product(product, sizes),
              bits,
              Map.of(
                  "x", packed(x, inputs, tiles),
                  "w", w.codes(),
                  "w_scale", w.scales(),
                  "b", w.bias(),
                  "r", r),
              Map.of("sequence_tiles", tiles, "tiles", tiles),
              total * outputs,
              2,
              outputs / columns,
              Math.ceilDiv(tiles, sizes.tiles()));
      requireNear(
          get(memories, "y"),
          total * outputs,
          i -> expected.at(i) + (residual ? r.getFloat(i) : 0));
    }
  }

  @ParameterizedTest
  @CsvSource({"24, 17, 5, 256", "48, 70, 4, 128", "20, 40, 7, 512"})
  void gatedPanels(int outputs, int inputs, int tiles, int bits) {
    int total = 2 * tiles * TILE;
    Matrix gate = Matrix.of(outputs, inputs, ElementFormat.BF16, 71);
    Matrix up = Matrix.of(outputs, inputs, ElementFormat.F32, 81);
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 91);
    PanelSizes sizes = new PanelSizes(64, outputs / 2, 16);
    Map<String, KernelMemory> memories =
        run(
            PanelProducts.gatedProduct(
                new GatedProduct("gated", outputs, inputs, gate.format(true), up.format(false)),
                sizes),
            bits,
            gatedBuffers(packed(x, inputs, tiles), gate, up),
            Map.of("sequence_tiles", tiles, "tiles", tiles),
            total * outputs,
            2,
            2,
            Math.ceilDiv(tiles, sizes.tiles()));
    NaiveProduct gated = gate.times(x, true);
    NaiveProduct lifted = up.times(x, false);
    requireNear(get(memories, "y"), total * outputs, i -> gated.gating(lifted, i));
  }

  private static Map<String, KernelMemory> gatedBuffers(KernelMemory x, Matrix gate, Matrix up) {
    return Map.of(
        "x", x,
        "gate", gate.codes(),
        "gate_scale", gate.scales(),
        "gate_bias", gate.bias(),
        "up", up.codes(),
        "up_scale", up.scales());
  }

  /** Element (row, input) of a tile at {@code input * 16 + row}. */
  private static KernelMemory packed(KernelMemory x, int inputs, int tiles) {
    KernelMemory packed = KernelMemory.uninitialised(ElementFormat.F32, x.size());
    for (int i = 0; i < 2 * tiles * TILE * inputs; i++) {
      int row = i / inputs;
      packed.setFloat(
          (long) row / TILE * TILE * inputs + (long) i % inputs * TILE + row % TILE, x.getFloat(i));
    }
    return packed;
  }
}
