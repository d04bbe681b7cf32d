package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Writes the directions of a batch of rows of two layers, and the norms of both beside them. What
 * {@link ChooseRetained} compares goes to {@code scores}: 1 - cosine of the larger angle of keys
 * and values. Where f16 holds no norm, or a row is no number, the point's element of {@code
 * refused}, [head][page], becomes 1, else 0. Grid: sequence, head, page of shared rows.
 */
public final class MergeRows {

  /** The argument that holds a score for each row of the batch. */
  static final String SCORES = "scores";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final float LARGEST_HALF = 65504;

  private final KernelBuilder kernel;
  private final MergeBatch batch;
  private final BatchRows rows;
  private final Direction key;
  private final Direction value;
  private final String score;
  private final String odd;

  private MergeRows(KernelBuilder kernel, AttentionShape shape, MergeBatch batch, double t) {
    this.kernel = kernel;
    this.batch = batch;
    rows = new BatchRows(kernel, shape, batch);
    kernel.writes(SCORES, ElementFormat.F32);
    kernel.writes("refused", ElementFormat.I32);
    key = new Direction(kernel, "key", rows.lower.key, rows.upper.key, shape.keyDim(), t);
    value = new Direction(kernel, "value", rows.lower.value, rows.upper.value, shape.valueDim(), t);
    score = kernel.tile("score", 1, 1);
    odd = kernel.tile("odd", 1, 1);
  }

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape a merged head group
   * @param batch what is merged
   * @param t where the direction lies between that of the lower layer, 0, and that of the upper, 1
   */
  public static Kernel build(String name, AttentionShape shape, MergeBatch batch, double t) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    MergeRows merge = new MergeRows(kernel, shape, batch, t);
    if (merge.rows.shared.packing().isPresent()) {
      PageBuffer open = PageBuffer.of(shape, merge.rows.shared);
      kernel.reads(open.buffer(), merge.rows.shared.format());
      merge.keepOpen(shape, open);
    }
    return merge.write();
  }

  private IntExpression number() {
    return rows.from.floorDivide(PAGE_ROWS).plus(kernel.axis("page"));
  }

  /** Takes the rows of the open page along, which is coded when it is full. */
  private void keepOpen(AttentionShape shape, PageBuffer open) {
    kernel.when(
        kernel.axis("page").equalTo(IntExpression.constant(0)),
        () -> {
          IntExpression source =
              PagedRows.open(kernel, shape, rows.shared, rows.table, rows.tableStart());
          IntExpression page = rows.page(number());
          kernel.loop(
              "row",
              IntExpression.constant(0),
              rows.from.modulo(PAGE_ROWS),
              row -> {
                kernel.load(rows.lower.key, open.keys(source).fromRow(row, 1));
                kernel.load(rows.lower.value, open.values(source).fromRow(row, 1));
                rows.store(rows.lower.key, rows.lower.value, page, row);
              });
        });
  }

  private Kernel write() {
    IntExpression to = kernel.dim(MergeBatch.TO);
    IntExpression number = kernel.let("number", number());
    IntExpression first = kernel.let("first", number.times(PAGE_ROWS));
    IntExpression page = rows.page(number);
    IntExpression norms = rows.norms(number);
    kernel.map(odd, constant(0));
    kernel.loop(
        "position",
        rows.from.maximum(first),
        to.minimum(first.plus(PAGE_ROWS)),
        position -> {
          IntExpression row = kernel.let("batch_row", position.minus(rows.from));
          rows.load(row);
          String keyDirection = key.find();
          String valueDirection = value.find();
          IntExpression inPage = position.modulo(PAGE_ROWS);
          rows.store(keyDirection, valueDirection, page, inPage);
          storeNorm(norms, 0, inPage, key.lowerNorm);
          storeNorm(norms, 1, inPage, value.lowerNorm);
          storeNorm(norms, 2, inPage, key.upperNorm);
          storeNorm(norms, 3, inPage, value.upperNorm);
          kernel.map(score, constant(1).minus(element(key.cosine).minimum(element(value.cosine))));
          kernel.store(View.rows(SCORES, 1, 1, kernel.axis("head"), batch.room()).at(row), score);
        });
    String flag = kernel.intTile("flag", 1, 1);
    kernel.map(flag, constant(0).less(element(odd)).select(integer(1), integer(0)));
    IntExpression pages =
        kernel.let("pages", to.ceilDivide(PAGE_ROWS).minus(rows.from.floorDivide(PAGE_ROWS)));
    kernel.store(
        View.rows("refused", 1, 1, kernel.axis("head").times(pages).plus(kernel.axis("page")), 1),
        flag);
    return kernel.build();
  }

  private void storeNorm(IntExpression page, int list, IntExpression row, String norm) {
    kernel.store(NormPages.norm(page, list, row), norm);
    kernel.map(
        odd, element(norm).lessOrEqual(constant(LARGEST_HALF)).select(element(odd), constant(1)));
  }
}
