package dev.kvasir.cli;

import java.util.Arrays;
import java.util.List;

/**
 * What several measurements of one thing lie between.
 *
 * @param median the middle one, of an even number the mean of the two
 * @param minimum the least
 * @param maximum the largest
 */
record Spread(double median, double minimum, double maximum) {

  /** {@return the spread of at least one measurement} */
  static Spread of(List<Double> measured) {
    double[] sorted = measured.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return new Spread(median(sorted), sorted[0], sorted[sorted.length - 1]);
  }

  /** {@return the median of at least one measurement} */
  static double median(List<Double> measured) {
    return of(measured).median();
  }

  private static double median(double[] sorted) {
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1
        ? sorted[middle]
        : Arrays.stream(sorted, middle - 1, middle + 1).average().orElseThrow();
  }

  /** {@return how far the extremes lie apart, as a share of the median} */
  double relative() {
    return median == 0 ? 0 : (maximum - minimum) / median;
  }

  /** {@return the spread of {@code amount / x}, where x has this one} */
  Spread under(double amount) {
    return new Spread(amount / median, amount / maximum, amount / minimum);
  }
}
