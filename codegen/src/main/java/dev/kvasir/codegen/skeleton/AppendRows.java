package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Writes the rows of a span or step into the segments of a head group. Rows that would already have
 * been overwritten at the end of the span are left out. Grid: sequence, listed head, page.
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
    for (SegmentPart segment : shape.segments()) {
      kernel.writes(DecodeAttention.pages(segment), segment.format());
    }
    IntExpression position = kernel.dim("position");
    IntExpression tokens = kernel.let("tokens", position.plus(kernel.dim("span")));
    IntExpression head = PagedRows.head(kernel, heads);
    for (SegmentPart segment : shape.segments()) {
      int slots = segment.slots(shape.context());
      IntExpression end = kernel.let(segment.name() + "_end", segment.rows(tokens));
      IntExpression first =
          kernel.let(segment.name() + "_first", firstRow(segment, slots, position, end));
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
            IntExpression physical =
                PagedRows.physical(
                    kernel,
                    shape,
                    segment,
                    table,
                    PagedRows.tableStart(kernel, shape, segment),
                    page);
            copy.copy(
                row.plus(segment.firstPosition()).minus(position),
                head,
                DecodeAttention.pages(segment),
                physical,
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
    for (SegmentPart segment : shape.segments()) {
      int slots = segment.slots(shape.context());
      IntExpression end = segment.rows(tokens);
      IntExpression first = firstRow(segment, slots, position, end);
      most =
          most.maximum(
              end.ceilDivide(SegmentPart.PAGE_ROWS)
                  .minus(first.floorDivide(SegmentPart.PAGE_ROWS)));
    }
    return most;
  }

  /** The first new row that is still there at the end. */
  private static IntExpression firstRow(
      SegmentPart segment, int slots, IntExpression position, IntExpression end) {
    IntExpression oldest =
        end.ceilDivide(SegmentPart.PAGE_ROWS).minus(slots).times(SegmentPart.PAGE_ROWS);
    return segment.rows(position).maximum(oldest);
  }
}
