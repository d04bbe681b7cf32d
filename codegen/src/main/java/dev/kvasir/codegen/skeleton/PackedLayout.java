package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.PageLayout;

/**
 * Where a packed page lies: key codes and value codes as {@link PageLayout#codes} says, and in a
 * third buffer, as f16, the key steps, key minima, value steps and value minima, one list after the
 * other. A list of a format with groups of n is [64 / n][dim] per channel and [dim / n][64] per
 * token.
 *
 * @param packing the formats
 * @param keyDim elements of a key row
 * @param valueDim elements of a value row
 */
public record PackedLayout(Packing packing, int keyDim, int valueDim) {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final int TILE = PageLayout.VALUE_TILE;

  /** {@return the layout of a packed segment's closed pages} */
  static PackedLayout of(AttentionShape shape, SegmentPart segment) {
    return new PackedLayout(segment.packing().orElseThrow(), shape.keyDim(), shape.valueDim());
  }

  /** {@return a short name that tells formats apart: {@code k8c64v4t32} } */
  public static String text(Packing packing) {
    return "k" + text(packing.key()) + "v" + text(packing.value());
  }

  private static String text(QuantisedFormat format) {
    return "%d%s%d".formatted(format.bits(), format.per().text().charAt(0), format.group());
  }

  /** {@return the argument that holds a segment's key codes} */
  public static String keyCodes(SegmentPart segment) {
    return "key_codes_" + segment.name();
  }

  /** {@return the argument that holds a segment's value codes} */
  public static String valueCodes(SegmentPart segment) {
    return "value_codes_" + segment.name();
  }

  /** {@return the argument that holds a segment's steps and minima} */
  public static String scales(SegmentPart segment) {
    return "scales_" + segment.name();
  }

  /** {@return how codes of a format are stored} */
  public static ElementFormat codes(QuantisedFormat format) {
    return format.bits() == ElementFormat.U8.bits() ? ElementFormat.U8 : ElementFormat.U4;
  }

  /** {@return elements of a page of key codes} */
  public int keyElements() {
    return PAGE_ROWS * keyDim;
  }

  /** {@return elements of a page of value codes} */
  public int valueElements() {
    return PAGE_ROWS * valueDim;
  }

  /** {@return elements of a page of steps and minima} */
  public int scaleElements() {
    return 2 * (keyGroups() + valueGroups());
  }

  private int keyGroups() {
    return packing.key().groupsOfPage(keyDim);
  }

  private int valueGroups() {
    return packing.value().groupsOfPage(valueDim);
  }

  int keySteps() {
    return 0;
  }

  int keyMinima() {
    return keyGroups();
  }

  int valueSteps() {
    return 2 * keyGroups();
  }

  int valueMinima() {
    return 2 * keyGroups() + valueGroups();
  }

  /**
   * {@return lines of a list of steps or minima}
   *
   * @param first element of the page's scales at which the first line starts
   * @param lines how many
   * @param length elements of a line
   */
  View lines(String scales, IntExpression page, int first, int lines, int length) {
    return new View(
        scales,
        new View.Layout.Rows(lines, 0, length),
        lines,
        length,
        page,
        scaleElements(),
        IntExpression.constant(first),
        IntExpression.constant(0));
  }

  /**
   * {@return neighbouring pieces of the channels of a page of keys, plain or codes}
   *
   * @param stride elements of a page of that buffer
   * @param first the first element
   * @param lines how many pieces
   * @param length rows of a piece
   */
  View keyLines(
      String buffer, IntExpression page, long stride, IntExpression first, int lines, int length) {
    return new View(
        buffer,
        new View.Layout.Rows(lines, 0, length),
        lines,
        length,
        page,
        stride,
        first,
        IntExpression.constant(0));
  }

  /**
   * {@return steps or minima of keys by channel: line c * groups + g is that of group g of channel
   * c}
   *
   * @param list where the list starts
   * @param channel the first channel
   * @param lines how many
   */
  View byChannel(String scales, IntExpression page, int list, IntExpression channel, int lines) {
    return new View(
        scales,
        new View.Layout.Rows(PAGE_ROWS / packing.key().group(), 1, keyDim),
        lines,
        1,
        page,
        scaleElements(),
        channel.plus(list),
        IntExpression.constant(0));
  }

  /**
   * {@return steps or minima of 64 rows}
   *
   * @param list where the list starts
   * @param group which run of channels
   * @param column whether as a column, else as a row
   */
  View byRow(String scales, IntExpression page, int list, IntExpression group, boolean column) {
    return new View(
        scales,
        new View.Layout.Rows(column ? PAGE_ROWS : 1, 0, 1),
        column ? PAGE_ROWS : 1,
        column ? 1 : PAGE_ROWS,
        page,
        scaleElements(),
        group.times(PAGE_ROWS).plus(list),
        IntExpression.constant(0));
  }

  /** {@return {@code columns} channels from {@code first} of all key codes of a page} */
  View keyChannels(String codes, IntExpression page, int first, int columns) {
    return new View(
        codes,
        new View.Layout.Columns(PAGE_ROWS),
        PAGE_ROWS,
        columns,
        page,
        keyElements(),
        IntExpression.constant(PAGE_ROWS * first),
        IntExpression.constant(0));
  }

  /** {@return all channels of {@code rows} key codes of a page from row {@code first} on} */
  View keyRows(String codes, IntExpression page, int first, int rows) {
    return keyChannels(codes, page, 0, keyDim).fromRow(IntExpression.constant(first), rows);
  }

  /** {@return {@code columns} channels of one tile of the value codes of a page} */
  View valueChannels(String codes, IntExpression page, int first, int columns) {
    PageLayout strips = PageLayout.codes(packing.value().bits(), keyDim, valueDim);
    return channels(codes, page, strips, valueElements(), 0, first, columns);
  }

  /** {@return {@code columns} channels of one tile of the values of a plain page} */
  View plainValues(String pages, IntExpression page, int first, int columns) {
    PageLayout plain = PageLayout.plain(keyDim, valueDim);
    return channels(pages, page, plain, plain.elements(), plain.valuesOffset(), first, columns);
  }

  private View channels(
      String buffer,
      IntExpression page,
      PageLayout layout,
      long stride,
      int offset,
      int first,
      int columns) {
    int inTile = first % TILE;
    int tile = first - inTile;
    int width = Math.min(TILE, valueDim - tile);
    int strip = layout.valueStrip();
    return new View(
        buffer,
        strip == PAGE_ROWS
            ? new View.Layout.Rows(PAGE_ROWS, 0, width)
            : new View.Layout.Rows(strip, (long) strip * valueDim, width),
        PAGE_ROWS,
        columns,
        page,
        stride,
        IntExpression.constant(offset + strip * tile + inTile),
        IntExpression.constant(0));
  }
}
