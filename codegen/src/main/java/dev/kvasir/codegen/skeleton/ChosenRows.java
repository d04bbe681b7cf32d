package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.ElementFormat;

/** The rows that a selection chose, found where they lie before it. */
final class ChosenRows {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** The argument that holds the closed pages of packed kept rows as numbers. */
  static final String UNPACKED = "unpacked";

  /** What is done with each row. */
  interface Visitor {
    /**
     * Takes a row that has been loaded.
     *
     * @param rows holds it
     * @param row its number among the chosen
     */
    void visit(RowMove rows, IntExpression row);
  }

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final Candidates.Source source;
  private final int listRoom;
  private final int slotRoom;
  private final SegmentPart kept;
  private final SegmentPart tail;
  private final PageBuffer raw;
  private final RowMove rows;
  private final PageBuffer unpacked;
  private final IntExpression head;
  private final IntExpression held;
  private final IntExpression tailRows;

  /** The page table. */
  final String table;

  /** How many rows were chosen. */
  final IntExpression count;

  /** Rows whose list has as many elements as the head has slots, in whole pages. */
  ChosenRows(
      KernelBuilder kernel,
      AttentionShape shape,
      Candidates.Source source,
      int listRoom,
      boolean written) {
    this(kernel, shape, source, listRoom, listRoom, written);
  }

  /**
   * Declares buffers and dims.
   *
   * @param listRoom elements of a list
   * @param slotRoom slots of a head, in whole pages
   * @param written whether the pages of kept rows are written as well
   */
  ChosenRows(
      KernelBuilder kernel,
      AttentionShape shape,
      Candidates.Source source,
      int listRoom,
      int slotRoom,
      boolean written) {
    this.kernel = kernel;
    this.shape = shape;
    this.source = source;
    this.listRoom = listRoom;
    this.slotRoom = slotRoom;
    kept = shape.kept();
    tail = shape.segments().getLast();
    table = kernel.reads("table", ElementFormat.I32);
    PagedRows.declareHeld(kernel, shape);
    kernel.reads("chosen", ElementFormat.I32);
    kernel.reads("chosen_counts", ElementFormat.I32);
    if (source.isRebuilt()) {
      kernel.reads(RebuildRows.REBUILT, ElementFormat.F32);
    } else if (written) {
      kernel.updates(CachedPages.pages(kept), kept.format());
    } else {
      kernel.reads(CachedPages.pages(kept), kept.format());
    }
    kernel.reads(CachedPages.pages(tail), tail.format());
    boolean coded = kept.packing().isPresent() && !source.isRebuilt();
    unpacked =
        new PageBuffer(
            coded ? kernel.reads(UNPACKED, ElementFormat.F32) : RebuildRows.REBUILT,
            shape.plainPage());
    String heads = kernel.reads("heads", ElementFormat.I32);
    raw =
        new PageBuffer(
            source.span() ? kernel.reads("raw", ElementFormat.F32) : "", shape.plainPage());
    rows = new RowMove(kernel, shape);
    head = PagedRows.head(kernel, heads);
    held = kernel.let("held", PagedRows.held(kernel, shape));
    tailRows = kernel.dim(Candidates.TAIL_ROWS);
    count = kernel.let("chosen_rows", GatherKept.count(kernel));
  }

  /** Scratch has the lists of one selection alone, the first of them at 0. */
  private IntExpression list() {
    return kernel.axis("head").times(kernel.dim(PagedRows.LIST_STRIDE));
  }

  /** Loads chosen rows {@code from} to {@code to} - 1, ascending. */
  void each(IntExpression from, IntExpression to, Visitor visitor) {
    IntExpression first = kernel.let("first_chosen", list().times(listRoom));
    IntExpression keptStart =
        source.isRebuilt()
            ? IntExpression.constant(0)
            : kernel.let("kept_from", PagedRows.tableStart(kernel, shape, kept));
    IntExpression tailStart = kernel.let("tail_from", PagedRows.tableStart(kernel, shape, tail));
    kernel.loop(
        "row",
        from,
        to,
        row -> {
          IntExpression candidate =
              kernel.let("candidate", new IntExpression.BufferElement("chosen", first.plus(row)));
          kernel.choose(
              candidate.less(held),
              () -> loadKept(keptStart, candidate),
              () -> {
                IntExpression later = kernel.let("later", candidate.minus(held));
                if (source.span()) {
                  kernel.choose(
                      later.less(tailRows),
                      () -> loadPage(tail, tailStart, later),
                      () -> loadRaw(kernel.let("latest", later.minus(tailRows))));
                } else {
                  loadPage(tail, tailStart, later);
                }
              });
          visitor.visit(rows, row);
        });
  }

  private void loadKept(IntExpression start, IntExpression row) {
    IntExpression page = row.floorDivide(PAGE_ROWS);
    if (source.isRebuilt()) {
      rows.load(unpacked, GatherKept.page(kernel, source.rebuilt(), page), row.modulo(PAGE_ROWS));
      return;
    }
    if (kept.packing().isEmpty()) {
      loadPage(kept, start, row);
      return;
    }
    kernel.choose(
        page.less(held.floorDivide(PAGE_ROWS)),
        () -> rows.load(unpacked, GatherKept.page(kernel, slotRoom, page), row.modulo(PAGE_ROWS)),
        () ->
            rows.load(
                PageBuffer.of(shape, kept),
                PagedRows.open(kernel, shape, kept, table, start),
                row.modulo(PAGE_ROWS)));
  }

  private void loadPage(SegmentPart segment, IntExpression start, IntExpression row) {
    IntExpression page =
        PagedRows.physical(kernel, shape, segment, table, start, row.floorDivide(PAGE_ROWS));
    rows.load(PageBuffer.of(shape, segment), page, row.modulo(PAGE_ROWS));
  }

  private void loadRaw(IntExpression row) {
    IntExpression page = head.times(source.spanPages()).plus(row.floorDivide(PAGE_ROWS));
    rows.load(raw, page, row.modulo(PAGE_ROWS));
  }
}
