package dev.kvasir.ir.kernel;

/**
 * A two-dimensional window on a buffer: element (r, c) of {@code rows x columns}, r first.
 *
 * <p>The window starts at element {@code block * blockStride + offset}, computed in 64 bits; {@code
 * row} then moves it down by that many rows in the manner of its layout. A page of 64 cache rows is
 * a block: keys of a page are {@link Layout.Columns}, values are {@link Layout.Tiles}, everything
 * else is {@link Layout.Rows}.
 *
 * @param buffer name of a kernel buffer
 * @param layout where element (r, c) lies
 * @param rows static extent of the first axis
 * @param columns static extent of the second axis
 * @param block which block, for example a page number or a row number
 * @param blockStride elements from one block to the next
 * @param offset further elements to the start
 * @param row first row within the block
 */
public record View(
    String buffer,
    Layout layout,
    int rows,
    int columns,
    IntExpression block,
    long blockStride,
    IntExpression offset,
    IntExpression row) {

  private static final IntExpression ZERO = new IntExpression.Constant(0);

  /** Where element (r, c) lies, in elements from the start of the block. */
  public sealed interface Layout {

    /**
     * Row-major: (r / group) * groupStride + (r mod group) * rowStride + c. Rows of one query group
     * lie side by side within a token, tokens lie a whole activation row apart.
     *
     * @param group rows that lie {@code rowStride} apart before a jump
     * @param groupStride elements from one group to the next
     * @param rowStride elements from one row to the next within a group
     */
    record Rows(int group, long groupStride, long rowStride) implements Layout {}

    /**
     * Column-major in strips of {@code strip} rows, one strip after the other: (r / strip) * strip
     * * columns + c * strip + place(r mod strip).
     *
     * @param rows rows of the whole block, a multiple of {@code strip}
     * @param strip rows of a strip: elements from one column to the next
     * @param columns columns of the whole block; 0 where there is one strip
     * @param paired whether place is that of {@link #paired}; then strips are {@link #PAIRS} rows
     */
    record Columns(int rows, int strip, int columns, boolean paired) implements Layout {
      /** Leaves out what one strip does not need. */
      public Columns {
        if (strip == rows) {
          columns = 0;
        }
      }

      /** One strip: c * rows + r. */
      public Columns(int rows) {
        this(rows, rows, 0, false);
      }

      /** {@return elements from one strip to the next} */
      public long strideOfStrips() {
        return (long) strip * columns;
      }
    }

    /**
     * Strips of {@code height} rows, one after the other; in each, tiles of {@code width} columns,
     * one after the other, each row-major: (r / height) * height * columns + (c - c mod width) *
     * height + (r mod height) * w + place(c mod width), where w is the tile's own number of
     * columns: width, or what is left for the last.
     *
     * @param rows rows of the whole block, a multiple of {@code height}
     * @param height rows of a tile
     * @param width columns of a tile
     * @param columns columns of the whole block, of which a view may show fewer only from the left
     * @param paired whether place is that of {@link #paired} in tiles of whole width; then that is
     *     {@link #PAIRS} columns
     */
    record Tiles(int rows, int height, int width, int columns, boolean paired) implements Layout {
      /** One strip, in natural order. */
      public Tiles(int height, int width, int columns) {
        this(height, height, width, columns, false);
      }

      /** {@return columns of the tile that starts at column {@code first}} */
      public int widthAt(int first) {
        return Math.min(width, columns - first);
      }

      /** {@return whether elements of the tile that starts at column {@code first} are paired} */
      public boolean pairedAt(int first) {
        return paired && widthAt(first) == PAIRS;
      }

      /** {@return elements from one strip to the next} */
      public long strideOfStrips() {
        return (long) height * columns;
      }
    }

    /** Elements of a paired line: 64 bytes of 16-bit elements. */
    int PAIRS = 32;

    /**
     * {@return the place in a paired line of its element {@code number}: (number mod 16) * 2 +
     * number / 16}
     *
     * <p>Read as 16 little-endian integers, the line has elements 0 to 15 in their lower halves and
     * 16 to 31 in their upper ones, so that one load gives two vectors in natural order.
     */
    static int paired(int number) {
      return number % (PAIRS / 2) * 2 + number / (PAIRS / 2);
    }
  }

  /** {@return rows that lie {@code stride} elements apart, starting at block * stride} */
  public static View rows(String buffer, int rows, int columns, IntExpression block, long stride) {
    return new View(
        buffer, new Layout.Rows(rows, 0, stride), rows, columns, block, stride, ZERO, ZERO);
  }

  /** {@return this window moved by {@code elements} more} */
  public View at(IntExpression elements) {
    return new View(buffer, layout, rows, columns, block, blockStride, elements, row);
  }

  /** {@return this window moved down to {@code first}} */
  public View fromRow(IntExpression first, int newRows) {
    return new View(buffer, layout, newRows, columns, block, blockStride, offset, first);
  }
}
