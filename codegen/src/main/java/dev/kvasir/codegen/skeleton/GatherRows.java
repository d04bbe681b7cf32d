package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Collects the rows of pages that close within a span, in the segment's own format: first what the
 * open page held, then the span's own rows. Grid: sequence, listed head, closing page.
 */
public final class GatherRows {

  private GatherRows() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape the head group
   * @param segment its packed segment
   * @param room closing pages that the scratch holds per head
   */
  public static Kernel build(String name, AttentionShape shape, SegmentPart segment, int room) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    RowCopy copy = new RowCopy(kernel, shape);
    String heads = kernel.reads("heads", ElementFormat.I32);
    String table = kernel.reads("table", ElementFormat.I32);
    kernel.reads(CachedPages.pages(segment), segment.format());
    PageBuffer pages = PageBuffer.of(shape, segment);
    PageBuffer closing =
        new PageBuffer(kernel.writes("closing", segment.format()), shape.plainPage());
    IntExpression position = kernel.dim("position");
    IntExpression tokens = kernel.let("tokens", position.plus(kernel.dim("span")));
    IntExpression head = PagedRows.head(kernel, heads);
    segment.mark().ifPresent(kernel::dim);
    IntExpression held = kernel.let("held", segment.rows(position));
    IntExpression page =
        kernel.let(
            "number",
            ClosingPages.first(segment, shape, position, tokens).plus(kernel.axis("page")));
    IntExpression first = kernel.let("first", page.times(SegmentPart.PAGE_ROWS));
    IntExpression end = first.plus(SegmentPart.PAGE_ROWS);
    IntExpression target =
        kernel.let("target", kernel.axis("head").times(room).plus(kernel.axis("page")));
    IntExpression open =
        PagedRows.open(kernel, shape, segment, table, PagedRows.tableStart(kernel, shape, segment));
    kernel.loop(
        "row",
        first,
        held.minimum(end),
        row -> copy.move(pages, open, closing, target, row.modulo(SegmentPart.PAGE_ROWS)));
    kernel.loop(
        "row",
        held.maximum(first),
        end,
        row ->
            copy.copy(
                row.plus(segment.firstPosition()).minus(position),
                head,
                closing,
                target,
                row.modulo(SegmentPart.PAGE_ROWS)));
    return kernel.build();
  }
}
