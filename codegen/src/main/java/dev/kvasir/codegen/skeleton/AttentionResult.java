package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;

/** Where attention leaves its output [rows, heads * valueDim] and log-sum-exp [rows, heads]. */
final class AttentionResult {

  private final KernelBuilder kernel;
  private final AttentionShape shape;

  AttentionResult(KernelBuilder kernel, AttentionShape shape) {
    this.kernel = kernel;
    this.shape = shape;
    kernel.writes("out", ElementFormat.F32);
    kernel.writes("lse", ElementFormat.F32);
  }

  /** Normalises and stores the rows of one KV head; the tiles are overwritten. */
  void store(
      IntExpression head,
      IntExpression firstRow,
      int tokens,
      String maximum,
      String sum,
      String output) {
    TileExpression total = TileExpression.element(sum);
    TileExpression seen = TileExpression.constant(0).less(total);
    kernel.map(
        output,
        seen.select(TileExpression.element(output).over(total), TileExpression.constant(0)));
    TileExpression logarithm =
        new TileExpression.Unary(
            TileExpression.UnaryOperator.LOG2, seen.select(total, TileExpression.constant(1)));
    kernel.map(
        maximum,
        seen.select(
            TileExpression.element(maximum).plus(logarithm).times((float) Math.log(2)),
            TileExpression.constant(OnlineSoftmax.NOTHING)));
    kernel.store(QueryRows.view(shape, "out", shape.valueDim(), head, firstRow, tokens), output);
    kernel.store(QueryRows.view(shape, "lse", 1, head, firstRow, tokens), maximum);
  }
}
