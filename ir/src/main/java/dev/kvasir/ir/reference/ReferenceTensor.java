package dev.kvasir.ir.reference;

import java.util.Arrays;

/**
 * A dense tensor of doubles; token ids are whole numbers among them.
 *
 * @param rows first extent
 * @param columns second extent, 1 for a vector of rows
 * @param values row-major; never written once the tensor exists
 */
public record ReferenceTensor(int rows, int columns, double[] values) implements ReferenceValue {
  /** Refuses an array of another size. */
  public ReferenceTensor {
    if (values.length != rows * columns) {
      throw new IllegalArgumentException(
          "a " + rows + " x " + columns + " tensor has " + values.length + " values");
    }
  }

  /** Computes one element. */
  @FunctionalInterface
  public interface Element {
    /** {@return element (row, column)} */
    double at(int row, int column);
  }

  /** {@return a tensor whose elements are computed one by one} */
  public static ReferenceTensor of(int rows, int columns, Element element) {
    double[] values = new double[rows * columns];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        values[row * columns + column] = element.at(row, column);
      }
    }
    return new ReferenceTensor(rows, columns, values);
  }

  /** {@return element (row, column)} */
  public double at(int row, int column) {
    return values[row * columns + column];
  }

  /** {@return a copy of one row} */
  public double[] row(int row) {
    return Arrays.copyOfRange(values, row * columns, (row + 1) * columns);
  }
}
