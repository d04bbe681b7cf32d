package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * The running softmax of a block of query rows (Milakov and Gimelshein, "Online normalizer
 * calculation for softmax"), in base 2. The reference maximum m follows the true maximum only when
 * a logit exceeds it by more than 8, so that most pages need no rescaling; probabilities stay below
 * 2^8 times the rows that one row stands for and the result does not depend on m. Sums over
 * probabilities are kept a column each and added up once, at the end.
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
  private final String excess;
  private final String highest;
  private final String rise;
  private final String grow;
  private final String blockMaximum;
  private final String factor;
  private final String sums;
  private final List<String> followers = new ArrayList<>();

  OnlineSoftmax(KernelBuilder kernel, AttentionShape shape, int rows, String queries) {
    this(kernel, shape.valueDim(), rows, queries);
  }

  /** A softmax of pages that need no queries for their logits. */
  OnlineSoftmax(KernelBuilder kernel, int valueDim, int rows) {
    this(kernel, valueDim, rows, "");
  }

  private OnlineSoftmax(KernelBuilder kernel, int valueDim, int rows, String queries) {
    this.kernel = kernel;
    this.queries = queries;
    this.maximum = kernel.tile("maximum", rows, 1);
    this.sum = kernel.tile("sum", rows, 1);
    this.output = kernel.tile("output", rows, valueDim);
    this.logits = kernel.tile("logits", rows, SegmentPart.PAGE_ROWS);
    this.excess = kernel.tile("excess", rows, SegmentPart.PAGE_ROWS);
    this.highest = kernel.tile("highest", 1, SegmentPart.PAGE_ROWS);
    this.rise = kernel.tile("rise", 1, 1);
    this.grow = kernel.intTile("grow", 1, 1);
    this.blockMaximum = kernel.tile("block_maximum", rows, 1);
    this.factor = kernel.tile("factor", rows, 1);
    this.sums = kernel.tile("sums", rows, SegmentPart.PAGE_ROWS);
    follow(output);
    follow(sums);
  }

  /**
   * Makes a tile a sum over probabilities: it starts at 0 and is rescaled when the reference
   * maximum moves.
   *
   * @param tile one row for each query row
   */
  void follow(String tile) {
    followers.add(tile);
  }

  void start() {
    kernel.map(maximum, TileExpression.constant(NOTHING));
    followers.forEach(tile -> kernel.map(tile, TileExpression.constant(0)));
  }

  /**
   * Takes rows that are all alike as the first ones.
   *
   * @param key their key, one row
   * @param value tile of their value, one row
   * @param rows how many, at least 1
   */
  void startFrom(View key, String value, IntExpression rows) {
    TileExpression count =
        new TileExpression.Unary(
            TileExpression.UnaryOperator.TO_FLOAT, TileExpression.uniform(rows));
    kernel.dotNT(maximum, queries, key);
    kernel.map(output, count.times(TileExpression.element(value)));
    kernel.map(
        sums,
        new TileExpression.ColumnIndex()
            .equalTo(TileExpression.uniform(IntExpression.constant(0)))
            .select(count, TileExpression.constant(0)));
  }

  /** Completes {@link #sum} once all pages are attended. */
  void finish() {
    kernel.sumColumns(sum, sums);
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
    page.norms().ifPresent(this::scaleLogits);
    TileExpression rowPosition =
        TileExpression.uniform(firstRow).plus(new TileExpression.ColumnIndex());
    TileExpression mask = visible.apply(rowPosition, queryPosition);
    TileExpression logit = TileExpression.element(logits);
    kernel.choose(
        all,
        () -> {
          followMaximum();
          kernel.map(logits, probability(page));
          accumulate(page, false);
        },
        () -> {
          kernel.map(logits, mask.select(logit, TileExpression.constant(NOTHING)));
          followMaximum();
          kernel.map(logits, mask.select(probability(page), TileExpression.constant(0)));
          accumulate(page, true);
        });
  }

  /** Hidden rows get a logit of their own, whatever is in their place. */
  private void scaleLogits(PageRows.Norms norms) {
    TileExpression scaled =
        TileExpression.element(logits).times(TileExpression.element(norms.keys()));
    kernel.map(logits, isSeen(norms).select(scaled, TileExpression.constant(NOTHING)));
  }

  private static TileExpression isSeen(PageRows.Norms norms) {
    return TileExpression.constant(0).lessOrEqual(TileExpression.element(norms.keys()));
  }

  private TileExpression probability(PageRows page) {
    TileExpression probability =
        TileExpression.element(logits).minus(TileExpression.element(maximum)).exp2();
    return page.norms()
        .map(norms -> isSeen(norms).select(probability, TileExpression.constant(0)))
        .orElse(probability);
  }

  private void followMaximum() {
    kernel.map(excess, TileExpression.element(logits).minus(TileExpression.element(maximum)));
    kernel.maximumRows(highest, excess);
    kernel.maximumColumns(rise, highest);
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
          kernel.maximumColumns(blockMaximum, logits);
          kernel.map(blockMaximum, TileExpression.element(blockMaximum).maximum(old));
          rescaleTo(blockMaximum);
        });
  }

  /** Makes the tile {@code next} the reference maximum. */
  private void rescaleTo(String next) {
    kernel.map(factor, TileExpression.element(maximum).minus(TileExpression.element(next)).exp2());
    for (String tile : followers) {
      kernel.map(tile, TileExpression.element(tile).times(TileExpression.element(factor)));
    }
    kernel.map(maximum, TileExpression.element(next));
  }

  private void accumulate(PageRows page, boolean guarded) {
    TileExpression probability = TileExpression.element(logits);
    kernel.map(sums, TileExpression.element(sums).plus(probability));
    page.norms().ifPresent(norms -> scaleProbabilities(norms, guarded));
    page.accumulate(logits, output, guarded);
  }

  /** Norms of rows that are not there may be no numbers. */
  private void scaleProbabilities(PageRows.Norms norms, boolean guarded) {
    TileExpression none = TileExpression.constant(0);
    TileExpression probability = TileExpression.element(logits);
    TileExpression scaled = probability.times(TileExpression.element(norms.values()));
    kernel.map(logits, guarded ? none.less(probability).select(scaled, none) : scaled);
  }
}
