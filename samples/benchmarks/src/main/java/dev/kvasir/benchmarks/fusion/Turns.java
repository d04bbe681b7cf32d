package dev.kvasir.benchmarks.fusion;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Two sides that are timed in turn: the first time, and after a time of running in turn. */
final class Turns {

  /** Time for which two sides run until they count as compiled, and then half as long. */
  static final long WARM_NANOS = 3_000_000_000L;

  private static final int LEAST = 5;

  private final Runnable prepare;
  private final Runnable fused;
  private final Runnable separate;
  private final int each;
  private final long warmNanos;
  private final Map<String, Double> figures = new LinkedHashMap<>();

  /**
   * Two sides.
   *
   * @param prepare what has to be done before the fused side runs, and is not timed
   * @param each what one run does so many times
   * @param warmNanos how long they run before they are timed, and then half as long
   */
  Turns(Runnable prepare, Runnable fused, Runnable separate, int each, long warmNanos) {
    this.prepare = prepare;
    this.fused = fused;
    this.separate = separate;
    this.each = each;
    this.warmNanos = warmNanos;
  }

  /** Runs each side for the first time. */
  void first() {
    prepare.run();
    figures.put("first fused us", nanos(fused) / 1e3);
    figures.put("first separate us", nanos(separate) / 1e3);
  }

  /** Runs them until they are compiled, then takes their time. */
  void compiled() {
    List<Double> fusedNanos = new ArrayList<>();
    List<Double> separateNanos = new ArrayList<>();
    long start = System.nanoTime();
    while (System.nanoTime() - start < warmNanos + warmNanos / 2 || fusedNanos.size() < LEAST) {
      prepare.run();
      double own = nanos(fused);
      double other = nanos(separate);
      if (System.nanoTime() - start >= warmNanos) {
        fusedNanos.add(own);
        separateNanos.add(other);
      }
    }
    figures.put("fused us", median(fusedNanos) / 1e3);
    figures.put("separate us", median(separateNanos) / 1e3);
    figures.put("ratio", median(fusedNanos) / median(separateNanos));
  }

  private double nanos(Runnable side) {
    long start = System.nanoTime();
    side.run();
    return (double) (System.nanoTime() - start) / each;
  }

  private static double median(List<Double> numbers) {
    return numbers.stream().sorted().toList().get(numbers.size() / 2);
  }

  /** {@return what was measured, by what it is} */
  Map<String, Double> figures() {
    return figures;
  }
}
