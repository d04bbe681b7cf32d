package dev.kvasir.benchmarks.gpu;

import java.util.ArrayList;
import java.util.List;

/**
 * What was measured of one operation, and what the device could do in the same seconds.
 *
 * @param work {@code decode} or {@code prefill}
 * @param format of the cache
 * @param context rows of a sequence
 * @param batch sequences
 * @param bytes that the operation has to read and write
 * @param arithmetic multiplications and additions that it has to do
 * @param nanos its time in each round
 * @param copied bytes that a copy read and wrote in a second, in each round
 * @param calculated multiplications and additions that a kernel of nothing else did in a second, in
 *     each round; empty where memory binds
 */
record Measure(
    String work,
    String format,
    int context,
    int batch,
    double bytes,
    double arithmetic,
    List<Double> nanos,
    List<Double> copied,
    List<Double> calculated) {

  private static final double SECOND = 1e9;

  /** Copies the lists. */
  Measure {
    nanos = List.copyOf(nanos);
    copied = List.copyOf(copied);
    calculated = List.copyOf(calculated);
  }

  /** {@return the same with one more round} */
  Measure plus(double roundNanos, double roundCopied, List<Double> roundCalculated) {
    return new Measure(
        work,
        format,
        context,
        batch,
        bytes,
        arithmetic,
        with(nanos, roundNanos),
        with(copied, roundCopied),
        roundCalculated.isEmpty() ? calculated : with(calculated, roundCalculated.getFirst()));
  }

  private static List<Double> with(List<Double> numbers, double number) {
    List<Double> all = new ArrayList<>(numbers);
    all.add(number);
    return all;
  }

  /** {@return the least possible time over the time taken, in percent, of each round} */
  List<Double> percentOfLimit() {
    List<Double> percents = new ArrayList<>();
    for (int round = 0; round < nanos.size(); round++) {
      double least =
          calculated.isEmpty() ? bytes / copied.get(round) : arithmetic / calculated.get(round);
      percents.add(100 * least * SECOND / nanos.get(round));
    }
    return percents;
  }

  /** {@return whether this is what {@code other} measured, of another implementation or format} */
  boolean sameWork(String otherWork, int otherContext, int otherBatch) {
    return work.equals(otherWork) && context == otherContext && batch == otherBatch;
  }
}
