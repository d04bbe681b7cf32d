package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Collects the rows that a selection chose in pages of scratch, for packing anew; rows that were
 * packed come from {@link UnpackPages}. Grid: sequence, listed head, page of chosen rows.
 */
public final class GatherKept {

  private GatherKept() {}

  /**
   * {@return the kernel that collects}
   *
   * @param name its name in the plan
   * @param shape the head group, whose kept rows are packed
   * @param source where candidates are read from
   * @param listRoom elements of a list of chosen rows; the scratch has room for as many rows per
   *     head
   */
  public static Kernel build(
      String name, AttentionShape shape, Candidates.Source source, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    ChosenRows chosen = new ChosenRows(kernel, shape, source, listRoom, false);
    PageBuffer closing =
        new PageBuffer(kernel.writes("closing", shape.kept().format()), shape.plainPage());
    IntExpression first = kernel.let("first", kernel.axis("page").times(SegmentPart.PAGE_ROWS));
    IntExpression target = kernel.let("target", page(kernel, listRoom, kernel.axis("page")));
    chosen.each(
        first,
        chosen.count.minimum(first.plus(SegmentPart.PAGE_ROWS)),
        (rows, row) -> rows.store(closing, target, row.modulo(SegmentPart.PAGE_ROWS)));
    return kernel.build();
  }

  /**
   * {@return the kernel that copies the rows behind the last full page to the open page; grid:
   * sequence, listed head}
   *
   * @param name its name in the plan
   * @param shape the head group, whose kept rows are packed
   * @param listRoom elements of a list of chosen rows
   */
  public static Kernel openPage(String name, AttentionShape shape, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    SegmentPart kept = shape.kept();
    String table = kernel.reads("table", ElementFormat.I32);
    kernel.reads("chosen_counts", ElementFormat.I32);
    PageBuffer closing = new PageBuffer(kernel.reads("closing", kept.format()), shape.plainPage());
    kernel.writes(CachedPages.pages(kept), kept.format());
    RowMove rows = new RowMove(kernel, shape);
    IntExpression count = kernel.let("chosen_rows", count(kernel));
    IntExpression page = kernel.let("page", count.floorDivide(SegmentPart.PAGE_ROWS));
    IntExpression source = kernel.let("source", page(kernel, listRoom, page));
    IntExpression open =
        PagedRows.open(kernel, shape, kept, table, PagedRows.tableStart(kernel, shape, kept));
    kernel.loop(
        "row",
        IntExpression.constant(0),
        count.modulo(SegmentPart.PAGE_ROWS),
        row -> {
          rows.load(closing, source, row);
          rows.store(PageBuffer.of(shape, kept), open, row);
        });
    return kernel.build();
  }

  /** {@return how many rows a head of this point has chosen} */
  static IntExpression count(KernelBuilder kernel) {
    return new IntExpression.BufferElement(
        "chosen_counts", kernel.axis("head").times(kernel.dim(PagedRows.LIST_STRIDE)));
  }

  /** {@return the page of scratch that holds a head's page of chosen rows} */
  static IntExpression page(KernelBuilder kernel, int listRoom, IntExpression page) {
    return kernel.axis("head").times(listRoom / SegmentPart.PAGE_ROWS).plus(page);
  }
}
