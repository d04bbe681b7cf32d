package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;

/** Where the pages of a head's segments are. */
final class PagedRows {

  private PagedRows() {}

  /** {@return the KV head of this point: its place in the list of heads is the axis, named} */
  static IntExpression head(KernelBuilder kernel, String heads) {
    return kernel.let(
        "head",
        new IntExpression.BufferElement(heads, kernel.dim("first_head").plus(kernel.axis("head"))));
  }

  /**
   * {@return the table element of a segment's logical page 0, for the listed head of this point}
   */
  static IntExpression tableStart(KernelBuilder kernel, AttentionShape shape, SegmentPart segment) {
    return kernel
        .dim(segment.name() + "_table")
        .plus(kernel.axis("head").times(segment.tableEntries(shape.context())));
  }

  /** {@return the page of the pool that holds the open page of a packed segment, named} */
  static IntExpression open(
      KernelBuilder kernel,
      AttentionShape shape,
      SegmentPart segment,
      String table,
      IntExpression tableStart) {
    return kernel.let(
        "open",
        new IntExpression.BufferElement(table, tableStart.plus(segment.slots(shape.context()))));
  }

  /** {@return the page of the pool that holds a segment's logical page, named} */
  static IntExpression physical(
      KernelBuilder kernel,
      AttentionShape shape,
      SegmentPart segment,
      String table,
      IntExpression tableStart,
      IntExpression page) {
    return kernel.let(
        "physical",
        new IntExpression.BufferElement(
            table, tableStart.plus(page.modulo(segment.slots(shape.context())))));
  }
}
