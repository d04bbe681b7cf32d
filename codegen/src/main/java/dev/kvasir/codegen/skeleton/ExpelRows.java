package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Optional;

/**
 * Takes the rows of pages that a ring drops into the compensation row of their head, page after
 * page: with n pages gone before, mean += (mean of the page - mean) / (n + 1). Rows count as they
 * were read last: as stored, or decoded where their page was coded; rows of a span that never get
 * into the ring as computed. Grid: sequence, listed head.
 */
public final class ExpelRows {

  private static final String KEY = "key";
  private static final String VALUE = "value";
  private static final String ONES = "ones";
  private static final String KEY_BLOCK = "key_block_sum";
  private static final String VALUE_BLOCK = "value_block_sum";

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final SegmentPart ring;
  private final PageBuffer pages;
  private final String table;
  private final Optional<CodedRows> coded;
  private final String keySum;
  private final String valueSum;

  private ExpelRows(KernelBuilder kernel, AttentionShape shape) {
    this.kernel = kernel;
    this.shape = shape;
    this.ring = shape.ring();
    this.pages = PageBuffer.of(shape, ring);
    this.table = kernel.reads("table", ElementFormat.I32);
    this.keySum = kernel.tile("key_sum", 1, shape.keyDim());
    this.valueSum = kernel.tile("value_sum", 1, shape.valueDim());
    this.coded =
        ring.packing().isPresent()
            ? Optional.of(new CodedRows(kernel, shape, ring))
            : Optional.empty();
    if (coded.isPresent()) {
      kernel.tile(KEY_BLOCK, 1, shape.keyDim());
      kernel.tile(VALUE_BLOCK, 1, shape.valueDim());
    }
  }

  /**
   * {@return the kernel that runs before the rows of a run are written}
   *
   * @param name its name in the plan
   * @param shape a head group with a compensation row
   */
  public static Kernel ofRun(String name, AttentionShape shape) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    ExpelRows rows = new ExpelRows(kernel, shape);
    kernel.tile(KEY, 1, shape.keyDim());
    kernel.tile(VALUE, 1, shape.valueDim());
    kernel.tile(ONES, 1, SegmentPart.PAGE_ROWS);
    kernel.map(ONES, TileExpression.constant(1));
    kernel.reads("k", ElementFormat.F32);
    kernel.reads("v", ElementFormat.F32);
    String heads = kernel.reads("heads", ElementFormat.I32);
    kernel.reads(CachedPages.pages(rows.ring), rows.ring.format());
    IntExpression position = kernel.dim("position");
    IntExpression tokens = kernel.let("tokens", position.plus(kernel.dim("span")));
    IntExpression head = PagedRows.head(kernel, heads);
    IntExpression held = kernel.let("held", rows.ring.rows(position));
    rows.expel(
        ExpelledPages.count(shape, position),
        ExpelledPages.endOfRun(shape, tokens),
        page -> {
          rows.ofCache(page, held);
          rows.ofSpan(page, held, head, position);
        });
    return kernel.build();
  }

  /**
   * {@return the kernel that runs before a full page is coded in the place of another}
   *
   * @param name its name in the plan
   * @param shape a head group with a compensation row, whose ring is packed
   */
  public static Kernel ofFullPage(String name, AttentionShape shape) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    ExpelRows rows = new ExpelRows(kernel, shape);
    IntExpression end = kernel.let("end", ExpelledPages.count(shape, kernel.dim("tokens")));
    rows.expel(end.minus(1), end, rows::ofCodedPage);
    return kernel.build();
  }

  private interface Page {
    /** Adds the rows of a logical page to the sums. */
    void add(IntExpression page);
  }

  private void expel(IntExpression first, IntExpression end, Page rows) {
    String keyMean = kernel.tile("key_mean", 1, shape.keyDim());
    String valueMean = kernel.tile("value_mean", 1, shape.valueDim());
    kernel.updates(CompensationRow.MEANS, ElementFormat.F32);
    kernel.load(keyMean, CompensationRow.key(kernel, shape));
    kernel.load(valueMean, CompensationRow.value(kernel, shape));
    kernel.loop(
        "page",
        first,
        end,
        page -> {
          kernel.map(keySum, TileExpression.constant(0));
          kernel.map(valueSum, TileExpression.constant(0));
          rows.add(page);
          join(keyMean, keySum, page);
          join(valueMean, valueSum, page);
        });
    kernel.store(CompensationRow.key(kernel, shape), keyMean);
    kernel.store(CompensationRow.value(kernel, shape), valueMean);
  }

  private void join(String mean, String sum, IntExpression page) {
    TileExpression pages =
        new TileExpression.Unary(
            TileExpression.UnaryOperator.TO_FLOAT, TileExpression.uniform(page.plus(1)));
    TileExpression old = TileExpression.element(mean);
    TileExpression ofPage = TileExpression.element(sum).times(1f / SegmentPart.PAGE_ROWS);
    kernel.map(mean, old.plus(ofPage.minus(old).over(pages)));
  }

  private void addRow() {
    kernel.map(keySum, TileExpression.element(keySum).plus(TileExpression.element(KEY)));
    kernel.map(valueSum, TileExpression.element(valueSum).plus(TileExpression.element(VALUE)));
  }

  /** Rows of the page that the cache held before the run. */
  private void ofCache(IntExpression page, IntExpression held) {
    if (coded.isEmpty()) {
      ofPlainPage(page, held, physical(page));
      return;
    }
    kernel.choose(
        page.less(held.floorDivide(SegmentPart.PAGE_ROWS)),
        () -> ofCodedPage(page),
        () -> ofPlainPage(page, held, PagedRows.open(kernel, shape, ring, table, tableStart())));
  }

  private void ofPlainPage(IntExpression page, IntExpression held, IntExpression physical) {
    IntExpression first = page.times(SegmentPart.PAGE_ROWS);
    kernel.choose(
        first.plus(SegmentPart.PAGE_ROWS).lessOrEqual(held),
        () -> ofWholePage(physical),
        () -> ofRows(held.minus(first), physical));
  }

  /** Sums line by line, as the page lies in memory. */
  private void ofWholePage(IntExpression physical) {
    Statement.TilePart strip = new Statement.TilePart(ONES, 0, pages.layout().keyStrip());
    for (int i = 0; i < pages.keyStrips(); i++) {
      kernel.addDotNT(Statement.TilePart.whole(keySum), strip, pages.keyLines(physical, i));
    }
    kernel.dotNN(valueSum, ONES, pages.values(physical), false);
  }

  private void ofRows(IntExpression rows, IntExpression physical) {
    kernel.loop(
        "row",
        IntExpression.constant(0),
        rows,
        row -> {
          kernel.load(KEY, pages.keys(physical).fromRow(row, 1));
          kernel.load(VALUE, pages.values(physical).fromRow(row, 1));
          addRow();
        });
  }

  private void ofCodedPage(IntExpression page) {
    coded
        .orElseThrow()
        .each(
            physical(page),
            (_, keys, values) -> {
              addBlock(keys, KEY_BLOCK, keySum);
              addBlock(values, VALUE_BLOCK, valueSum);
            });
  }

  private void addBlock(String rows, String blockSum, String sum) {
    kernel.reduce(blockSum, Statement.ReduceOperator.SUM, Statement.Along.ROWS, rows);
    kernel.map(sum, TileExpression.element(sum).plus(TileExpression.element(blockSum)));
  }

  /** Rows of the page that the running span brings. */
  private void ofSpan(
      IntExpression page, IntExpression held, IntExpression head, IntExpression position) {
    IntExpression first = page.times(SegmentPart.PAGE_ROWS);
    kernel.loop(
        "row",
        held.maximum(first),
        first.plus(SegmentPart.PAGE_ROWS),
        row -> {
          IntExpression from = row.plus(ring.firstPosition()).minus(position);
          kernel.load(KEY, activation("k", from, head, shape.keyDim()));
          kernel.load(VALUE, activation("v", from, head, shape.valueDim()));
          addRow();
        });
  }

  private View activation(String buffer, IntExpression row, IntExpression head, int dim) {
    return View.rows(buffer, 1, dim, row, (long) shape.kvHeads() * dim).at(head.times(dim));
  }

  private IntExpression tableStart() {
    return PagedRows.tableStart(kernel, shape, ring);
  }

  private IntExpression physical(IntExpression page) {
    return PagedRows.physical(kernel, shape, ring, table, tableStart(), page);
  }
}
