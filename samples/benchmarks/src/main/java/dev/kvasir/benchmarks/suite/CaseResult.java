package dev.kvasir.benchmarks.suite;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.kvasir.benchmarks.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What one case measured.
 *
 * @param measured the case
 * @param rounds in order
 */
record CaseResult(Case measured, List<Round> rounds) {

  /**
   * One fork.
   *
   * @param samples its iterations, at least one
   * @param loadBefore load average of the last minute before the fork
   * @param loadAfter the same after it
   */
  record Round(List<Sample> samples, double loadBefore, double loadAfter) {
    /** Copies the list. */
    Round {
      samples = List.copyOf(samples);
    }

    private double median(ToDoubleFunction<Sample> figure) {
      return Statistics.of(samples.stream().map(figure::applyAsDouble).toList()).median();
    }
  }

  /** Copies the list. */
  CaseResult {
    rounds = List.copyOf(rounds);
  }

  /** {@return the same with one more round} */
  CaseResult plus(Round round) {
    List<Round> all = new ArrayList<>(rounds);
    all.add(round);
    return new CaseResult(measured, all);
  }

  /** {@return the median of the rounds' medians, least and largest of all iterations} */
  Statistics of(ToDoubleFunction<Sample> figure) {
    List<Double> all =
        rounds.stream()
            .flatMap(round -> round.samples().stream())
            .map(figure::applyAsDouble)
            .toList();
    double median = Statistics.of(rounds.stream().map(r -> r.median(figure)).toList()).median();
    Statistics ends = Statistics.of(all);
    return new Statistics(median, ends.minimum(), ends.maximum());
  }

  /** {@return nanoseconds of an operation} */
  @JsonIgnore
  Statistics nanos() {
    return of(Sample::nanos);
  }

  /** {@return the least possible time over the time taken, in percent} */
  @JsonIgnore
  Statistics percentOfLimit() {
    return of(Sample::percentOfLimit);
  }

  /** {@return whether reading, not arithmetic, is the limit} */
  @JsonIgnore
  boolean readingBinds() {
    return of(s -> s.readingBinds() ? 1 : 0).median() >= 0.5;
  }

  /** {@return the largest load average seen before or after a round} */
  @JsonIgnore
  double load() {
    return rounds.stream()
        .mapToDouble(round -> Math.max(round.loadBefore(), round.loadAfter()))
        .max()
        .orElse(0);
  }
}
