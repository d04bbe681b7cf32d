package dev.kvasir.codegen.skeleton;

import static dev.kvasir.codegen.skeleton.KernelRuns.gaussian;
import static dev.kvasir.codegen.skeleton.KernelRuns.get;
import static dev.kvasir.codegen.skeleton.KernelRuns.matrix;
import static dev.kvasir.codegen.skeleton.KernelRuns.requireNear;
import static dev.kvasir.codegen.skeleton.KernelRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packing and products by panels against sums in double precision, two sequences at a time. */
class PanelProductsTest {

  private static final int[] WIDTHS = {128, 256, 512};
  private static final int TILE = PanelSizes.TILE_ROWS;

  /** Packs two sequences of {@code tiles} tiles each. */
  private static KernelMemory pack(KernelMemory x, int inputs, int tiles, int bits) {
    return get(
        run(
            PanelProducts.pack("pack", inputs),
            bits,
            Map.of("x", x),
            Map.of("sequence_tiles", tiles),
            2 * tiles * TILE * inputs,
            2,
            tiles,
            inputs / PanelProducts.packedInputs(inputs)),
        "y");
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 128", "17, 2, 256", "64, 3, 512", "258, 1, 512"})
  void packsTilesOfRowsSideBySide(int inputs, int tiles, int bits) {
    KernelMemory x = gaussian(ElementFormat.F32, 2 * tiles * TILE * inputs, 1);
    KernelMemory y = pack(x, inputs, tiles, bits);
    for (int i = 0; i < 2 * tiles * TILE * inputs; i++) {
      int row = i / (TILE * inputs) * TILE + i % TILE;
      assertThat(y.getFloat(i)).isEqualTo(x.getFloat((long) row * inputs + i / TILE % inputs));
    }
  }

  /** Outputs, inputs, format, tiles of rows, rows and columns of a block, depth. */
  @ParameterizedTest
  @CsvSource({
    "1, 1, F32, 1, 64, 1, 1, false, false",
    "15, 19, BF16, 1, 64, 15, 8, true, false",
    "16, 64, F16, 2, 64, 16, 64, false, true",
    "17, 33, F32, 3, 64, 17, 16, true, true",
    "100, 40, BF16, 4, 64, 50, 40, false, true",
    "24, 70, BF16, 5, 64, 12, 32, true, true",
    "20, 50, F16, 9, 128, 10, 24, true, false",
    "14, 31, F32, 8, 128, 7, 16, false, true",
    "12, 24, BF16, 19, 256, 12, 16, false, false"
  })
  void products(
      int outputs,
      int inputs,
      ElementFormat format,
      int tiles,
      int blockRows,
      int columns,
      int depth,
      boolean withBias,
      boolean residual) {
    int total = 2 * tiles * TILE;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 2);
    KernelMemory w = gaussian(format, outputs * inputs, 3);
    KernelMemory b = gaussian(format, outputs, 4);
    KernelMemory r = gaussian(ElementFormat.F32, total * outputs, 5);
    NaiveProduct product = new NaiveProduct(x, w, b, withBias, outputs, inputs);
    PanelSizes sizes = new PanelSizes(blockRows, columns, depth);
    for (int bits : WIDTHS) {
      Map<String, KernelMemory> memories =
          run(
              PanelProducts.product(
                  new Product(
                      "product", outputs, inputs, matrix(format, format, withBias), residual),
                  sizes),
              bits,
              Map.of("x", pack(x, inputs, tiles, bits), "w", w, "b", b, "r", r),
              Map.of("sequence_tiles", tiles, "tiles", tiles),
              total * outputs,
              2,
              outputs / columns,
              Math.ceilDiv(tiles, sizes.tiles()));
      requireNear(
          get(memories, "y"), total * outputs, i -> product.at(i) + (residual ? r.getFloat(i) : 0));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "16, 64, F32, BF16, 1, false, false, 512",
    "24, 17, BF16, F32, 5, true, false, 256",
    "48, 33, F16, BF16, 4, true, true, 128",
    "20, 40, BF16, BF16, 7, false, true, 512"
  })
  void gatedProducts(
      int outputs,
      int inputs,
      ElementFormat gateFormat,
      ElementFormat upFormat,
      int tiles,
      boolean onGate,
      boolean onUp,
      int bits) {
    int total = 2 * tiles * TILE;
    KernelMemory x = gaussian(ElementFormat.F32, total * inputs, 6);
    KernelMemory gate = gaussian(gateFormat, outputs * inputs, 7);
    KernelMemory up = gaussian(upFormat, outputs * inputs, 8);
    KernelMemory gateBias = gaussian(gateFormat, outputs, 9);
    KernelMemory upBias = gaussian(upFormat, outputs, 10);
    NaiveProduct gated = new NaiveProduct(x, gate, gateBias, onGate, outputs, inputs);
    NaiveProduct lifted = new NaiveProduct(x, up, upBias, onUp, outputs, inputs);
    PanelSizes sizes = new PanelSizes(64, outputs / 2, 16);
    Map<String, KernelMemory> memories =
        run(
            PanelProducts.gatedProduct(
                new GatedProduct(
                    "gated",
                    outputs,
                    inputs,
                    matrix(gateFormat, gateFormat, onGate),
                    matrix(upFormat, upFormat, onUp)),
                sizes),
            bits,
            Map.of(
                "x", pack(x, inputs, tiles, bits),
                "gate", gate,
                "up", up,
                "gate_bias", gateBias,
                "up_bias", upBias),
            Map.of("sequence_tiles", tiles, "tiles", tiles),
            total * outputs,
            2,
            2,
            Math.ceilDiv(tiles, sizes.tiles()));
    requireNear(get(memories, "y"), total * outputs, i -> gated.gating(lifted, i));
  }

  @Test
  void columnsDivideTheOutputs() {
    for (int outputs = 1; outputs < 300; outputs++) {
      assertThat(outputs % PanelSizes.of(outputs, 64).columns()).isZero();
    }
    assertThat(PanelSizes.of(14336, 4096)).isEqualTo(new PanelSizes(256, 128, 256));
    assertThat(PanelSizes.of(512, 100)).isEqualTo(new PanelSizes(256, 64, 100));
  }
}
