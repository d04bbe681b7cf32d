package dev.kvasir.codegen.skeleton;

/**
 * What one grid point of a dense product makes.
 *
 * @param rows activation rows
 * @param columns outputs; a divisor of all of them
 */
public record ProductBlock(int rows, int columns) {

  private static final int TILE_COLUMNS = 16;

  /** Rows of weights that are read at once. */
  private static final int STREAMS = 8;

  /**
   * {@return the block for a matrix of {@code outputs} rows and {@code inputs} columns}
   *
   * @param weights of one row, how many a point should read
   */
  public static ProductBlock of(int outputs, int inputs, int rows, int weights) {
    if (rows > 1) {
      return new ProductBlock(rows, divisor(outputs, TILE_COLUMNS, 1));
    }
    int most = Math.min(outputs, Math.max(STREAMS, weights / inputs));
    return new ProductBlock(rows, divisor(outputs, most, outputs % STREAMS == 0 ? STREAMS : 1));
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
