package dev.kvasir.cli;

import java.util.List;
import java.util.stream.IntStream;

/**
 * How long a plan took at one depth. Times are nanoseconds.
 *
 * @param prefill rounds of reading the depth's tokens into an empty cache, in order
 * @param rounds rounds of steps, in order: the mean time of a step
 * @param outside median of a step's time that no kernel took
 * @param outsideShare all such time, as a share of all time of steps
 * @param kernels what the kernels of a step took, the slowest first
 */
record PlanTimes(
    List<Double> prefill,
    List<Double> rounds,
    double outside,
    double outsideShare,
    List<KernelTimes> kernels) {

  /** Copies the lists. */
  PlanTimes {
    prefill = List.copyOf(prefill);
    rounds = List.copyOf(rounds);
    kernels = List.copyOf(kernels);
  }

  /**
   * What all launches of one kernel took.
   *
   * @param kernel its name
   * @param calls launches in a step; a fraction where not every step has one
   * @param nanos time in a step: the median over the steps that have it, less where some do not
   * @param share all its time, as a share of all time of steps
   * @param bytes bytes of weights and visible cache rows that it reads in a step; 0 when the plan
   *     does not say
   */
  record KernelTimes(String kernel, double calls, double nanos, double share, double bytes) {

    /** {@return bytes a second} */
    double bytesPerSecond() {
      return nanos == 0 ? 0 : bytes * 1e9 / nanos;
    }
  }

  /** {@return the time of a step over all rounds} */
  Spread step() {
    return Spread.of(rounds);
  }

  /** {@return the median of the rounds' ratios to those of {@code other}, which ran beside them} */
  double stepRatio(PlanTimes other) {
    return ratio(rounds, other.rounds);
  }

  /** {@return as {@link #stepRatio}, for reading the prompt} */
  double prefillRatio(PlanTimes other) {
    return ratio(prefill, other.prefill);
  }

  private static double ratio(List<Double> mine, List<Double> others) {
    return Spread.median(
        IntStream.range(0, mine.size())
            .mapToObj(round -> mine.get(round) / others.get(round))
            .toList());
  }
}
