package dev.kvasir.samples;

/** Comparisons of logits. */
final class Vectors {
  private Vectors() {}

  /** {@return the cosine of the angle between two vectors; NaN if one holds a NaN or is zero} */
  static double cosine(float[] found, double[] expected) {
    if (found.length != expected.length) {
      throw new IllegalArgumentException(found.length + " elements against " + expected.length);
    }
    double dot = 0;
    double foundSquares = 0;
    double expectedSquares = 0;
    for (int index = 0; index < found.length; index++) {
      dot += found[index] * expected[index];
      foundSquares += (double) found[index] * found[index];
      expectedSquares += expected[index] * expected[index];
    }
    return dot / Math.sqrt(foundSquares * expectedSquares);
  }

  /** {@return the largest distance between two elements at one place} */
  static double largestDifference(float[] found, double[] expected) {
    double largest = 0;
    for (int index = 0; index < found.length; index++) {
      double difference = Math.abs(found[index] - expected[index]);
      // Math.max keeps a NaN, which no bound then accepts.
      largest = Math.max(largest, difference);
    }
    return largest;
  }

  /** {@return the same numbers in double precision} */
  static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    for (int index = 0; index < wide.length; index++) {
      wide[index] = values[index];
    }
    return wide;
  }
}
