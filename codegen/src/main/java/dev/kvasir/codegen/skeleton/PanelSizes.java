package dev.kvasir.codegen.skeleton;

/**
 * How a blocked product of many activation rows is cut.
 *
 * @param rows activation rows of one grid point, a multiple of 64
 * @param columns outputs of one grid point; a divisor of all of them
 * @param depth inputs of a panel of weights that is converted at once
 */
public record PanelSizes(int rows, int columns, int depth) {

  /** Activation rows that lie side by side in a packed operand. */
  public static final int TILE_ROWS = 16;

  /** Tiles of rows that one loop multiplies by a panel of weights. */
  static final int PART_TILES = 4;

  private static final int MOST_ROWS = 256;
  private static final int LEAST_COLUMNS = 64;
  private static final int MOST_COLUMNS = 128;
  private static final int POINTS = 16;

  // A panel of weights, its sums and a panel of activations lie in the second-level cache.
  private static final int MOST_DEPTH = 256;

  /** Checks ranges. */
  public PanelSizes {
    if (rows < 1 || rows % (PART_TILES * TILE_ROWS) != 0 || columns < 1 || depth < 1) {
      throw new IllegalArgumentException(
          "no sizes of a panel: %d rows, %d columns, depth %d".formatted(rows, columns, depth));
    }
  }

  /** {@return the sizes for a matrix of {@code outputs} rows and {@code inputs} columns} */
  public static PanelSizes of(int outputs, int inputs) {
    int most = Math.clamp(outputs / POINTS, LEAST_COLUMNS, MOST_COLUMNS);
    return new PanelSizes(
        MOST_ROWS, ProductBlock.divisor(outputs, most, 1), Math.min(inputs, MOST_DEPTH));
  }

  /** {@return tiles of rows of one grid point} */
  public int tiles() {
    return rows / TILE_ROWS;
  }
}
