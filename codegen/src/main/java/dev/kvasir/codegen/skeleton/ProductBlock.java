package dev.kvasir.codegen.skeleton;

/**
 * What one grid point of a dense product makes.
 *
 * @param rows activation rows
 * @param columns outputs; a divisor of all of them
 */
public record ProductBlock(int rows, int columns) {

  /** With 16 rows, as many sums as 128 threads keep with 8 each. */
  private static final int TILE_COLUMNS = 64;

  /** Rows of weights that are read at once. */
  private static final int STREAMS = 8;

  /**
   * {@return the block of one activation row for a matrix of {@code outputs} rows and {@code
   * inputs} columns}
   *
   * @param weights how many a point should read
   */
  public static ProductBlock of(int outputs, int inputs, int weights) {
    int most = Math.min(outputs, Math.max(STREAMS, weights / inputs));
    return new ProductBlock(1, divisor(outputs, most, outputs % STREAMS == 0 ? STREAMS : 1));
  }

  /** {@return the block of many activation rows for a matrix of {@code outputs} rows} */
  public static ProductBlock ofRows(int outputs, int rows) {
    return new ProductBlock(rows, divisor(outputs, TILE_COLUMNS, 1));
  }

  /**
   * {@return the largest divisor of {@code number} up to {@code most}, of {@code unit} multiples}
   */
  static int divisor(int number, int most, int unit) {
    for (int block = Math.min(most, number) / unit * unit; block > unit; block -= unit) {
      if (number % block == 0) {
        return block;
      }
    }
    return unit;
  }
}
