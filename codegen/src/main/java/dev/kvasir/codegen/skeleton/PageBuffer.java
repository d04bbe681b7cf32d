package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;

/**
 * A buffer of pages.
 *
 * @param buffer its name in the kernel
 * @param layout of its pages
 */
record PageBuffer(String buffer, PageLayout layout) {

  /** {@return the pages of a segment; of a packed one, its open pages} */
  static PageBuffer of(AttentionShape shape, SegmentPart segment) {
    PageLayout layout =
        segment.packing().isPresent()
            ? shape.plainPage()
            : PageLayout.streamed(
                StorageFormat.ofText(segment.format().text()), shape.keyDim(), shape.valueDim());
    return new PageBuffer(CachedPages.pages(segment), layout);
  }

  /** {@return all keys of a page, as 64 rows} */
  View keys(IntExpression page) {
    return new View(
        buffer,
        new View.Layout.Columns(
            PageLayout.ROWS, layout.keyStrip(), layout.keyDim(), layout.paired()),
        PageLayout.ROWS,
        layout.keyDim(),
        page,
        layout.elements(),
        IntExpression.constant(0),
        IntExpression.constant(0));
  }

  /** {@return strips of keys in a page} */
  int keyStrips() {
    return PageLayout.ROWS / layout.keyStrip();
  }

  /** {@return a strip of keys as it lies: a row for each channel, the strip's keys in any order} */
  View keyLines(IntExpression page, int strip) {
    int rows = layout.keyStrip();
    return new View(
        buffer,
        new View.Layout.Rows(layout.keyDim(), 0, rows),
        layout.keyDim(),
        rows,
        page,
        layout.elements(),
        IntExpression.constant(strip * rows * layout.keyDim()),
        IntExpression.constant(0));
  }

  /** {@return all values of a page, as 64 rows} */
  View values(IntExpression page) {
    return new View(
        buffer,
        new View.Layout.Tiles(
            PageLayout.ROWS,
            layout.valueStrip(),
            layout.valueTile(),
            layout.valueDim(),
            layout.paired()),
        PageLayout.ROWS,
        layout.valueDim(),
        page,
        layout.elements(),
        IntExpression.constant(layout.valuesOffset()),
        IntExpression.constant(0));
  }
}
