package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Writes the rows of a span or step into the segments of a head group. Rows that would already have
 * been overwritten at the end of the span are left out, and so are rows of a packed segment that
 * close a page within the span: they go by {@link GatherRows}. Grid: sequence, listed head, page.
 */
public final class AppendRows {

  private AppendRows() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape the head group
   */
  public static Kernel build(String name, AttentionShape shape) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    RowCopy copy = new RowCopy(kernel, shape);
    String heads = kernel.reads("heads", ElementFormat.I32);
    String table = kernel.reads("table", ElementFormat.I32);
    for (SegmentPart segment : shape.appended()) {
      kernel.writes(CachedPages.pages(segment), segment.format());
    }
    IntExpression position = kernel.dim("position");
    IntExpression tokens = kernel.let("tokens", position.plus(kernel.dim("span")));
    IntExpression head = PagedRows.head(kernel, heads);
    for (SegmentPart segment : shape.appended()) {
      IntExpression end = kernel.let(segment.name() + "_end", segment.rows(tokens));
      IntExpression first =
          kernel.let(segment.name() + "_first", firstRow(segment, shape, position, end));
      IntExpression page =
          kernel.let(
              segment.name() + "_page",
              first.floorDivide(SegmentPart.PAGE_ROWS).plus(kernel.axis("page")));
      IntExpression pageStart = page.times(SegmentPart.PAGE_ROWS);
      kernel.loop(
          "row",
          first.maximum(pageStart),
          end.minimum(pageStart.plus(SegmentPart.PAGE_ROWS)),
          row -> {
            IntExpression start = PagedRows.tableStart(kernel, shape, segment);
            IntExpression target =
                segment.packing().isPresent()
                    ? PagedRows.open(kernel, shape, segment, table, start)
                    : PagedRows.physical(kernel, shape, segment, table, start, page);
            copy.copy(
                row.plus(PagedRows.origin(kernel, segment)).minus(position),
                head,
                PageBuffer.of(shape, segment),
                target,
                row.modulo(SegmentPart.PAGE_ROWS));
          });
    }
    return kernel.build();
  }

  /**
   * {@return pages that an append may touch in one segment at most: the extent of the last axis}
   */
  public static IntExpression pages(
      AttentionShape shape, IntExpression position, IntExpression tokens) {
    IntExpression most = IntExpression.constant(1);
    for (SegmentPart segment : shape.appended()) {
      IntExpression end = segment.rows(tokens);
      IntExpression first = firstRow(segment, shape, position, end);
      most =
          most.maximum(
              end.ceilDivide(SegmentPart.PAGE_ROWS)
                  .minus(first.floorDivide(SegmentPart.PAGE_ROWS)));
    }
    return most;
  }

  /** The first new row that is still there, or still in the open page, at the end. */
  private static IntExpression firstRow(
      SegmentPart segment, AttentionShape shape, IntExpression position, IntExpression end) {
    int kept = segment.packing().isPresent() ? 1 : segment.slots(shape.context());
    IntExpression oldest =
        end.ceilDivide(SegmentPart.PAGE_ROWS).minus(kept).times(SegmentPart.PAGE_ROWS);
    return segment.rows(position).maximum(oldest);
  }
}
