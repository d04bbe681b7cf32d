package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;

/** Rows of a group's query heads within activations of [rows, heads * dim]. */
final class QueryRows {

  private static final double LOG2_E = 1 / Math.log(2);

  private QueryRows() {}

  /**
   * Loads the queries of one KV head, times the softmax scale in base 2. Tile row r is token r /
   * group, query head r mod group.
   *
   * @param firstRow activation row of the first token
   * @param tokens tokens in the tile
   */
  static void loadScaled(
      KernelBuilder kernel,
      AttentionShape shape,
      String buffer,
      String tile,
      IntExpression head,
      IntExpression firstRow,
      int tokens) {
    kernel.load(tile, view(shape, buffer, shape.keyDim(), head, firstRow, tokens));
    kernel.map(tile, TileExpression.element(tile).times((float) (shape.scale() * LOG2_E)));
  }

  /** {@return the rows of one KV head's query heads, {@code dim} elements each} */
  static View view(
      AttentionShape shape,
      String buffer,
      int dim,
      IntExpression head,
      IntExpression firstRow,
      int tokens) {
    long rowStride = (long) shape.queryHeads() * dim;
    return new View(
        buffer,
        new View.Layout.Rows(shape.group(), rowStride, dim),
        tokens * shape.group(),
        dim,
        firstRow,
        rowStride,
        head.times(shape.group() * dim),
        IntExpression.constant(0));
  }

  /**
   * Loads true positions: tile row r is token r / group.
   *
   * @param ordinals a buffer that holds 0, 1, 2, ...
   * @param firstQuery true position of the first token
   */
  static void loadPositions(
      KernelBuilder kernel,
      AttentionShape shape,
      String ordinals,
      String positions,
      int rows,
      IntExpression firstQuery) {
    kernel.load(
        positions,
        new View(
            ordinals,
            new View.Layout.Rows(shape.group(), 1, 0),
            rows,
            1,
            IntExpression.constant(0),
            0,
            IntExpression.constant(0),
            IntExpression.constant(0)));
    kernel.map(
        positions, TileExpression.element(positions).plus(TileExpression.uniform(firstQuery)));
  }
}
