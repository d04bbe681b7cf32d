package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Products of many activation rows with row-major weights, by panels (Goto and van de Geijn,
 * "Anatomy of High-Performance Matrix Multiplication"). Activations are packed beforehand: each
 * tile of 16 rows transposed, element (row, input) at {@code input * 16 + row}. A grid point
 * converts its weights a panel at a time and makes y^T, rows side by side, so that neither the
 * weights nor y^T are summed across lanes. A panel is converted once for all rows of the block.
 *
 * <p>Grid: sequence, column block, row block. The last row block of a span may be short: {@code
 * tiles} says how many tiles of rows a sequence has.
 */
public final class PanelProducts {

  private static final int TILE_ROWS = PanelSizes.TILE_ROWS;
  private static final int PACKED_INPUTS = 256;

  private final KernelBuilder kernel;
  private final PanelSizes sizes;
  private final int outputs;
  private final int inputs;
  private final IntExpression column;

  private PanelProducts(String name, int outputs, int inputs, PanelSizes sizes) {
    this.kernel = new KernelBuilder(name, "column_block", "row_block");
    this.sizes = sizes;
    this.outputs = outputs;
    this.inputs = inputs;
    this.column = kernel.axis("column_block").times(sizes.columns());
    kernel.reads("x", ElementFormat.F32);
  }

  /** {@return inputs of one grid point of {@link #pack}: a divisor of all of them} */
  public static int packedInputs(int inputs) {
    return ProductBlock.divisor(inputs, PACKED_INPUTS, 1);
  }

  /**
   * {@return y = x, packed; grid: sequence, tile of rows, block of {@link #packedInputs}; sequences
   * lie {@code sequence_tiles} tiles apart in both}
   *
   * @param name its name in the plan
   * @param inputs elements of a row
   */
  public static Kernel pack(String name, int inputs) {
    KernelBuilder kernel = new KernelBuilder(name, "row_tile", "input_block");
    kernel.reads("x", ElementFormat.F32);
    kernel.writes("y", ElementFormat.F32);
    int block = packedInputs(inputs);
    String rows = kernel.tile("rows", block, TILE_ROWS);
    IntExpression tile =
        kernel.let(
            "packed",
            kernel
                .axis("sequence")
                .times(kernel.dim("sequence_tiles"))
                .plus(kernel.axis("row_tile")));
    IntExpression input = kernel.axis("input_block").times(block);
    kernel.load(
        rows, transposed("x", block, TILE_ROWS, tile, (long) TILE_ROWS * inputs, inputs).at(input));
    kernel.store(View.rows("y", block, TILE_ROWS, tile.times(inputs).plus(input), TILE_ROWS), rows);
    return kernel.build();
  }

  private static View transposed(
      String buffer, int rows, int columns, IntExpression block, long blockStride, int leading) {
    IntExpression zero = IntExpression.constant(0);
    return new View(
        buffer, new View.Layout.Columns(leading), rows, columns, block, blockStride, zero, zero);
  }

  /** {@return the kernel of a product} */
  public static Kernel product(Product product, PanelSizes sizes) {
    PanelProducts panels =
        new PanelProducts(product.name(), product.outputs(), product.inputs(), sizes);
    KernelBuilder kernel = panels.kernel;
    product.declare(kernel);
    List<Part> parts = panels.parts();
    Weights weights = panels.new Weights(product.weight(), "w", "b", parts);
    panels.add(List.of(weights));
    weights.finish();
    for (Part part : parts) {
      String result = weights.result(part);
      kernel.when(
          part.present(),
          () -> {
            if (product.residual()) {
              String added = kernel.tile("added_" + part.name(), sizes.columns(), part.width());
              kernel.load(added, panels.result("r", part));
              kernel.map(
                  result, TileExpression.element(result).plus(TileExpression.element(added)));
            }
            kernel.store(panels.result("y", part), result);
          });
    }
    return kernel.build();
  }

  /** {@return the kernel of a gated product} */
  public static Kernel gatedProduct(GatedProduct product, PanelSizes sizes) {
    PanelProducts panels =
        new PanelProducts(product.name(), product.outputs(), product.inputs(), sizes);
    KernelBuilder kernel = panels.kernel;
    product.declare(kernel);
    List<Part> parts = panels.parts();
    Weights gates = panels.new Weights(product.gate(), "gate", "gate_bias", parts);
    Weights ups = panels.new Weights(product.up(), "up", "up_bias", parts);
    panels.add(List.of(gates, ups));
    gates.finish();
    ups.finish();
    for (Part part : parts) {
      String gated = gates.result(part);
      kernel.when(
          part.present(),
          () -> {
            kernel.map(gated, GatedProduct.join(gated, ups.result(part)));
            kernel.store(panels.result("y", part), gated);
          });
    }
    return kernel.build();
  }

  /**
   * Rows of a block that are summed side by side.
   *
   * @param name unique
   * @param tile its first tile of rows
   * @param tiles how many
   * @param present whether this block has them
   */
  private record Part(String name, IntExpression tile, int tiles, IntExpression present) {
    /** {@return its rows: columns of what is made} */
    int width() {
      return tiles * TILE_ROWS;
    }
  }

  /** {@return whole parts, then the single tiles that a short block ends with} */
  private List<Part> parts() {
    int tiles = PanelSizes.PART_TILES;
    int most = sizes.tiles();
    IntExpression sequence =
        kernel.let("sequence_tile", kernel.axis("sequence").times(kernel.dim("sequence_tiles")));
    IntExpression first = kernel.let("first", kernel.axis("row_block").times(most));
    IntExpression left =
        kernel.let("left", kernel.dim("tiles").minus(first).minimum(IntExpression.constant(most)));
    IntExpression whole = kernel.let("whole", left.floorDivide(tiles).times(tiles));
    IntExpression start = kernel.let("start", sequence.plus(first));
    List<Part> parts = new ArrayList<>();
    for (int tile = 0; tile < most; tile += tiles) {
      parts.add(
          new Part(
              "whole_" + tile, start.plus(tile), tiles, IntExpression.constant(tile).less(whole)));
    }
    for (int tile = 0; tile < tiles - 1; tile++) {
      parts.add(
          new Part("rest_" + tile, start.plus(whole).plus(tile), 1, whole.plus(tile).less(left)));
    }
    return parts;
  }

  /** Adds up all products, a panel of each matrix at a time. */
  private void add(List<Weights> matrices) {
    int depth = sizes.depth();
    int panels = inputs / depth;
    int left = inputs - panels * depth;
    kernel.loop(
        "panel",
        IntExpression.constant(0),
        IntExpression.constant(panels),
        index -> matrices.forEach(matrix -> matrix.add(index.times(depth), depth)));
    if (left > 0) {
      matrices.forEach(matrix -> matrix.add(IntExpression.constant(panels * depth), left));
    }
  }

  private View packed(Part part, IntExpression firstInput, int depth) {
    return new View(
        "x",
        new View.Layout.Tiles(inputs, TILE_ROWS, part.width()),
        depth,
        part.width(),
        part.tile(),
        (long) TILE_ROWS * inputs,
        IntExpression.constant(0),
        firstInput);
  }

  private View result(String buffer, Part part) {
    return transposed(
            buffer, sizes.columns(), part.width(), part.tile(), (long) TILE_ROWS * outputs, outputs)
        .at(column);
  }

  /** A matrix and its tiles: (x W^T)^T of each part. */
  private final class Weights {
    private final MatrixFormat format;
    private final String buffer;
    private final String bias;
    private final List<Part> parts;

    Weights(MatrixFormat format, String buffer, String bias, List<Part> parts) {
      this.format = format;
      this.buffer = buffer;
      this.bias = bias;
      this.parts = parts;
      for (Part part : parts) {
        kernel.map(
            kernel.tile(result(part), sizes.columns(), part.width()), TileExpression.constant(0));
      }
      kernel.tile(panel(sizes.depth()), sizes.columns(), sizes.depth());
      int left = inputs % sizes.depth();
      if (left > 0) {
        kernel.tile(panel(left), sizes.columns(), left);
      }
    }

    String result(Part part) {
      return buffer + "_" + part.name();
    }

    private String panel(int depth) {
      return buffer + "_panel_" + depth;
    }

    void add(IntExpression firstInput, int depth) {
      String panel = panel(depth);
      kernel.load(panel, View.rows(buffer, sizes.columns(), depth, column, inputs).at(firstInput));
      for (Part part : parts) {
        kernel.when(
            part.present(),
            () -> kernel.dotNN(result(part), panel, packed(part, firstInput, depth), false));
      }
    }

    /** Multiplies by the factors and adds the bias. */
    void finish() {
      if (format.scale().isEmpty() && format.bias().isEmpty()) {
        return;
      }
      Optional<TileExpression> scale =
          format.scale().map(_ -> perOutput(MatrixFormat.scaleName(buffer)));
      Optional<TileExpression> added = format.bias().map(_ -> perOutput(bias));
      for (Part part : parts) {
        TileExpression sum = TileExpression.element(result(part));
        TileExpression product = scale.map(sum::times).orElse(sum);
        kernel.map(result(part), added.map(product::plus).orElse(product));
      }
    }

    private TileExpression perOutput(String name) {
      String tile = kernel.tile(name + "_column", sizes.columns(), 1);
      kernel.load(tile, View.rows(name, sizes.columns(), 1, column, 1));
      return TileExpression.element(tile);
    }
  }
}
