package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.TileExpression;
import java.util.function.BiFunction;

/**
 * The running softmax of a block of query rows (Milakov and Gimelshein, "Online normalizer
 * calculation for softmax"), in base 2. The reference maximum m follows the true maximum only when
 * a logit exceeds it by more than 8, so that most pages need no rescaling; probabilities stay below
 * 2^8 and the result does not depend on m.
 */
final class OnlineSoftmax {

  /** Stands for "no row seen yet"; never an infinity. */
  static final float NOTHING = -1e30f;

  private static final float SLACK = 8;

  private final KernelBuilder kernel;
  private final String queries;
  final String maximum;
  final String sum;
  final String output;
  private final String logits;
  private final String blockMaximum;
  private final String factor;
  private final String rise;
  private final String grow;

  OnlineSoftmax(KernelBuilder kernel, AttentionShape shape, int rows, String queries) {
    this.kernel = kernel;
    this.queries = queries;
    this.maximum = kernel.tile("maximum", rows, 1);
    this.sum = kernel.tile("sum", rows, 1);
    this.output = kernel.tile("output", rows, shape.valueDim());
    this.logits = kernel.tile("logits", rows, SegmentPart.PAGE_ROWS);
    this.blockMaximum = kernel.tile("block_maximum", rows, 1);
    this.factor = kernel.tile("factor", rows, 1);
    this.rise = kernel.tile("rise", 1, 1);
    this.grow = kernel.intTile("grow", 1, 1);
  }

  void start() {
    kernel.map(maximum, TileExpression.constant(NOTHING));
    kernel.map(sum, TileExpression.constant(0));
    kernel.map(output, TileExpression.constant(0));
  }

  /**
   * Attends one page.
   *
   * @param page its keys and values
   * @param firstRow true position of the page's first row
   * @param all whether every query sees every row of the page
   * @param visible which rows a query sees, from the row's and the query's position
   * @param queryPosition true position of each query row
   */
  void attend(
      PageRows page,
      IntExpression firstRow,
      IntExpression all,
      BiFunction<TileExpression, TileExpression, TileExpression> visible,
      TileExpression queryPosition) {
    page.score(queries, logits);
    TileExpression rowPosition =
        TileExpression.uniform(firstRow).plus(new TileExpression.ColumnIndex());
    TileExpression mask = visible.apply(rowPosition, queryPosition);
    TileExpression logit = TileExpression.element(logits);
    kernel.choose(
        all,
        () -> {
          follow();
          kernel.map(logits, probability());
          accumulate(page, false);
        },
        () -> {
          kernel.map(logits, mask.select(logit, TileExpression.constant(NOTHING)));
          follow();
          kernel.map(logits, mask.select(probability(), TileExpression.constant(0)));
          accumulate(page, true);
        });
  }

  private TileExpression probability() {
    return TileExpression.element(logits).minus(TileExpression.element(maximum)).exp2();
  }

  private void follow() {
    kernel.maximumColumns(blockMaximum, logits);
    kernel.map(factor, TileExpression.element(blockMaximum).minus(TileExpression.element(maximum)));
    kernel.maximumRows(rise, factor);
    kernel.map(
        grow,
        TileExpression.constant(SLACK)
            .less(TileExpression.element(rise))
            .select(
                TileExpression.uniform(IntExpression.constant(1)),
                TileExpression.uniform(IntExpression.constant(0))));
    kernel.when(
        new IntExpression.TileElement(grow, 0, 0),
        () -> {
          TileExpression old = TileExpression.element(maximum);
          kernel.map(blockMaximum, TileExpression.element(blockMaximum).maximum(old));
          rescaleTo(blockMaximum);
        });
  }

  /** Makes the tile {@code next} the reference maximum. */
  private void rescaleTo(String next) {
    kernel.map(factor, TileExpression.element(maximum).minus(TileExpression.element(next)).exp2());
    kernel.map(sum, TileExpression.element(sum).times(TileExpression.element(factor)));
    kernel.map(output, TileExpression.element(output).times(TileExpression.element(factor)));
    kernel.map(maximum, TileExpression.element(next));
  }

  private void accumulate(PageRows page, boolean guarded) {
    kernel.sumColumns(factor, logits);
    kernel.map(sum, TileExpression.element(sum).plus(TileExpression.element(factor)));
    page.accumulate(logits, output, guarded);
  }
}
