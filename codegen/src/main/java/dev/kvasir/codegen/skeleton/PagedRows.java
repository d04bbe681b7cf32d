package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;

/**
 * Cache pages: where a segment's pages are, and views of them with keys as [keyDim][64 rows],
 * values as tiles of [64 rows][up to 64].
 */
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

  /** {@return all keys of a page, as 64 rows} */
  static View keys(AttentionShape shape, String buffer, IntExpression page) {
    return new View(
        buffer,
        new View.Layout.Columns(SegmentPart.PAGE_ROWS),
        SegmentPart.PAGE_ROWS,
        shape.keyDim(),
        page,
        shape.pageElements(),
        IntExpression.constant(0),
        IntExpression.constant(0));
  }

  /** {@return all values of a page, as 64 rows} */
  static View values(AttentionShape shape, String buffer, IntExpression page) {
    return new View(
        buffer,
        new View.Layout.Tiles(SegmentPart.PAGE_ROWS, AttentionShape.VALUE_TILE, shape.valueDim()),
        SegmentPart.PAGE_ROWS,
        shape.valueDim(),
        page,
        shape.pageElements(),
        IntExpression.constant(shape.valuesOffset()),
        IntExpression.constant(0));
  }
}
