package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.plans.PageLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys or the values of whole pages, a few channels at a time, so that a page needs little
 * working storage.
 *
 * @param isKey whether it is the keys
 * @param first their first channel
 * @param channels how many channels
 * @param width channels at a time
 * @param tile channels of a tile of values that lie side by side; of keys, any
 */
record PageChannels(boolean isKey, int first, int channels, int width, int tile) {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final IntExpression ZERO = IntExpression.constant(0);

  /** {@return all keys: any channels lie side by side} */
  static List<PageChannels> ofKeys(PageBuffer pages) {
    int dim = pages.layout().keyDim();
    return List.of(new PageChannels(true, 0, dim, width(dim), dim));
  }

  /** {@return all values: whole tiles, then what is left} */
  static List<PageChannels> ofValues(PageBuffer pages) {
    int dim = pages.layout().valueDim();
    int tile = pages.layout().valueTile();
    List<PageChannels> parts = new ArrayList<>();
    int whole = dim / tile * tile;
    if (whole > 0) {
      parts.add(new PageChannels(false, 0, whole, width(tile), tile));
    }
    if (whole < dim) {
      parts.add(new PageChannels(false, whole, dim - whole, width(dim - whole), dim - whole));
    }
    return parts;
  }

  private static int width(int channels) {
    return ProductBlock.divisor(channels, PageLayout.PAIRS, 1);
  }

  /** {@return how many times channels are taken} */
  IntExpression count() {
    return IntExpression.constant(channels / width);
  }

  /** {@return the channel that the part with a number begins with} */
  IntExpression channel(IntExpression number) {
    return number.times(width).plus(first);
  }

  /** {@return all 64 rows of a page, of the part with a number} */
  View of(PageBuffer pages, IntExpression page, IntExpression number) {
    PageLayout layout = pages.layout();
    if (isKey) {
      return view(
          pages,
          page,
          new View.Layout.Columns(PAGE_ROWS, layout.keyStrip(), layout.keyDim(), layout.paired()),
          number.times(width * layout.keyStrip()));
    }
    int strip = layout.valueStrip();
    int each = tile / width;
    IntExpression tiles = number.floorDivide(each).times(tile * strip);
    return view(
        pages,
        page,
        new View.Layout.Tiles(
            PAGE_ROWS,
            strip,
            tile,
            layout.valueDim(),
            layout.paired() && tile == View.Layout.PAIRS),
        tiles.plus(number.modulo(each).times(width)).plus(layout.valuesOffset() + first * strip));
  }

  private View view(
      PageBuffer pages, IntExpression page, View.Layout layout, IntExpression offset) {
    return new View(
        pages.buffer(), layout, PAGE_ROWS, width, page, pages.layout().elements(), offset, ZERO);
  }
}
