package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/** The rows of two layers that are merged, one pair at a time, and where their directions go. */
final class BatchRows {

  /** The argument that holds shared pages before they are coded. */
  static final String CLOSING = "closing";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** One layer's row, in tiles [1, keyDim] and [1, valueDim]. */
  final class Side {
    final String name;
    final String key;
    final String value;
    private final String tailPages;

    private Side(String name) {
      this.name = name;
      key = kernel.tile(name + "_key", 1, shape.keyDim());
      value = kernel.tile(name + "_value", 1, shape.valueDim());
      tailPages = kernel.reads("tail_" + name, tail.format());
      if (batch.span()) {
        kernel.reads("k_" + name, ElementFormat.F32);
        kernel.reads("v_" + name, ElementFormat.F32);
      }
    }

    private void loadTail(IntExpression row) {
      IntExpression start =
          kernel
              .dim(name + "_tail_table")
              .plus(kernel.axis("head").times(tail.tableEntries(shape.context())));
      IntExpression page =
          kernel.let(
              name + "_tail_page",
              new IntExpression.BufferElement(table, start.plus(row.floorDivide(PAGE_ROWS))));
      PageBuffer pages = new PageBuffer(tailPages, PageBuffer.of(shape, tail).layout());
      kernel.load(key, pages.keys(page).fromRow(row.modulo(PAGE_ROWS), 1));
      kernel.load(value, pages.values(page).fromRow(row.modulo(PAGE_ROWS), 1));
    }

    private void loadSpan(IntExpression row) {
      kernel.load(key, activation("k_" + name, row, shape.keyDim()));
      kernel.load(value, activation("v_" + name, row, shape.valueDim()));
    }

    private View activation(String buffer, IntExpression row, int dim) {
      return View.rows(buffer, 1, dim, row, (long) shape.kvHeads() * dim)
          .at(kernel.axis("head").times(dim));
    }
  }

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final MergeBatch batch;
  private final SegmentPart tail;
  private final PageBuffer target;

  /** The shared segment. */
  final SegmentPart shared;

  /** The page table. */
  final String table;

  /** The row of the lower layer. */
  final Side lower;

  /** The row of the upper layer. */
  final Side upper;

  /** Where the batch begins. */
  final IntExpression from;

  /** Declares buffers, tiles and dims. */
  BatchRows(KernelBuilder kernel, AttentionShape shape, MergeBatch batch) {
    this.kernel = kernel;
    this.shape = shape;
    this.batch = batch;
    shared = shape.segments().getFirst();
    tail = shape.segments().getLast();
    table = kernel.reads("table", ElementFormat.I32);
    lower = new Side("lower");
    upper = new Side("upper");
    target =
        shared.packing().isPresent()
            ? new PageBuffer(kernel.writes(CLOSING, shared.format()), shape.plainPage())
            : writtenPages();
    kernel.writes(NormPages.NORMS, ElementFormat.F16);
    from = kernel.dim(MergeBatch.FROM);
  }

  private PageBuffer writtenPages() {
    PageBuffer pages = PageBuffer.of(shape, shared);
    kernel.writes(pages.buffer(), shared.format());
    return pages;
  }

  /** Loads row {@code row} of the batch, of both layers. */
  void load(IntExpression row) {
    if (!batch.span()) {
      loadTails(row);
      return;
    }
    IntExpression inTail = kernel.dim(MergeBatch.TAIL_ROWS);
    kernel.choose(
        row.less(inTail),
        () -> loadTails(row),
        () -> {
          IntExpression inSpan = kernel.let("span_row", row.minus(inTail));
          lower.loadSpan(inSpan);
          upper.loadSpan(inSpan);
        });
  }

  private void loadTails(IntExpression row) {
    lower.loadTail(row);
    upper.loadTail(row);
  }

  /** {@return where a logical page of shared rows is written, named} */
  IntExpression page(IntExpression number) {
    if (shared.packing().isPresent()) {
      IntExpression first = from.floorDivide(PAGE_ROWS);
      return kernel.let(
          "closing_page", kernel.axis("head").times(batch.pages()).plus(number.minus(first)));
    }
    return PagedRows.physical(kernel, shape, shared, table, tableStart(), number);
  }

  /** {@return the page beside a logical page of shared rows, named} */
  IntExpression norms(IntExpression number) {
    return NormPages.page(kernel, shape, shared, table, number);
  }

  /** {@return the table element of the shared segment's page 0} */
  IntExpression tableStart() {
    return PagedRows.tableStart(kernel, shape, shared);
  }

  /** Stores a direction as row {@code row} of a page. */
  void store(String key, String value, IntExpression page, IntExpression row) {
    kernel.store(target.keys(page).fromRow(row, 1), key);
    kernel.store(target.values(page).fromRow(row, 1), value);
  }
}
