package dev.kvasir.plans;

/**
 * Where the elements of a page of 64 key rows and 64 value rows lie, keys first.
 *
 * <p>Keys lie in strips of {@code keyStrip} rows, one after the other, each channel by channel: a
 * line is the rows of a strip in one channel. Values lie in strips of {@code valueStrip} rows, one
 * after the other; a strip in tiles of up to {@code valueTile} channels, one after the other, each
 * row by row: a line is one row of a tile. In a paired page, element e of a whole line of 32 lies
 * at place (e mod 16) * 2 + e / 16, so that the line, read as 16 little-endian integers, has
 * elements 0 to 15 in their lower halves and 16 to 31 in their upper ones.
 *
 * @param keyDim channels of a key row
 * @param valueDim channels of a value row
 * @param keyStrip rows of a strip of keys, a divisor of 64
 * @param valueStrip rows of a strip of values, a divisor of 64
 * @param valueTile channels of a tile of values
 * @param paired whether whole lines are paired
 */
public record PageLayout(
    int keyDim, int valueDim, int keyStrip, int valueStrip, int valueTile, boolean paired) {

  /** Rows of a page. */
  public static final int ROWS = 64;

  /** Channels of a tile of the values of plain pages and of codes. */
  public static final int VALUE_TILE = 64;

  /** Elements of a paired line. */
  public static final int PAIRS = 32;

  private static final int LINE_BYTES = 64;

  /** Channels from which on half the rows of a page's 8-bit values take 4 KiB. */
  private static final int WIDE = 128;

  /**
   * {@return one strip of keys and one of values in tiles of 64: pages that are written and read
   * once, and the open pages of packed segments}
   */
  public static PageLayout plain(int keyDim, int valueDim) {
    return new PageLayout(keyDim, valueDim, ROWS, ROWS, VALUE_TILE, false);
  }

  /**
   * {@return the layout of the pages that every step reads}
   *
   * <p>Lines are 64 bytes, the load of one term of a product. What a loop reads side by side, the
   * strips of keys and the tiles of values, lies 4 KiB or more apart wherever a page is large
   * enough: hardware prefetchers follow one stream in each 4 KiB of memory, so that the loop reads
   * up to four streams.
   *
   * @param format of the elements, not codes
   */
  public static PageLayout streamed(StorageFormat format, int keyDim, int valueDim) {
    int line = LINE_BYTES * Byte.SIZE / format.bits();
    boolean paired = line == PAIRS;
    boolean halves = paired && valueDim >= WIDE;
    return new PageLayout(keyDim, valueDim, line, halves ? ROWS / 2 : ROWS, line, paired);
  }

  /**
   * {@return the layout of pages of codes, keys and values each from a start of their own}
   *
   * <p>As {@link #plain}, but that values of 8 bits lie in two strips where those are 4 KiB apart.
   *
   * @param bits of a value's code, 4 or 8
   */
  public static PageLayout codes(int bits, int keyDim, int valueDim) {
    int strip = bits == Byte.SIZE && valueDim >= WIDE ? ROWS / 2 : ROWS;
    return new PageLayout(keyDim, valueDim, ROWS, strip, VALUE_TILE, false);
  }

  /** {@return elements of a page} */
  public int elements() {
    return ROWS * (keyDim + valueDim);
  }

  /** {@return elements in front of the values} */
  public int valuesOffset() {
    return ROWS * keyDim;
  }

  /**
   * {@return the element of a page that holds a key}
   *
   * @param row row of the page, 0 to 63
   */
  public int keyElement(int row, int channel) {
    int strip = row / keyStrip * keyStrip * keyDim;
    return strip + channel * keyStrip + place(row % keyStrip, keyStrip);
  }

  /**
   * {@return the element of a page that holds a value}
   *
   * @param row row of the page, 0 to 63
   */
  public int valueElement(int row, int channel) {
    int first = channel - channel % valueTile;
    int width = Math.min(valueTile, valueDim - first);
    int tile = row / valueStrip * valueStrip * valueDim + first * valueStrip;
    return valuesOffset() + tile + row % valueStrip * width + place(channel - first, width);
  }

  private int place(int element, int line) {
    return paired && line == PAIRS ? element % (PAIRS / 2) * 2 + element / (PAIRS / 2) : element;
  }
}
