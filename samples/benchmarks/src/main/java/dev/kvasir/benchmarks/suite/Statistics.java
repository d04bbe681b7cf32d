package dev.kvasir.benchmarks.suite;

import java.util.Collection;
import java.util.List;

/**
 * Middle and ends of some numbers.
 *
 * @param median the middle one, or the mean of the two in the middle
 * @param minimum the least
 * @param maximum the largest
 */
public record Statistics(double median, double minimum, double maximum) {

  /**
   * {@return those of {@code numbers}}
   *
   * @throws IllegalArgumentException when there are none
   */
  public static Statistics of(Collection<Double> numbers) {
    if (numbers.isEmpty()) {
      throw new IllegalArgumentException("no numbers");
    }
    List<Double> sorted = numbers.stream().sorted().toList();
    int size = sorted.size();
    double median = (sorted.get((size - 1) / 2) + sorted.get(size / 2)) / 2;
    return new Statistics(median, sorted.getFirst(), sorted.getLast());
  }

  /** {@return how far the ends are apart, in percent of the median} */
  public double spread() {
    return 100 * (maximum - minimum) / median;
  }
}
