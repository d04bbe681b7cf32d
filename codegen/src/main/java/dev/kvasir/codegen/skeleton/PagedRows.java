package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;

/** Views of cache pages: keys as [keyDim][64 rows], values as tiles of [64 rows][up to 64]. */
final class PagedRows {

  private PagedRows() {}

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
