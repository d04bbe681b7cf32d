package dev.kvasir.cli;

import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.ReadBandwidth;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Times plans beside each other: their rounds take turns, so that what disturbs the machine
 * disturbs all of them.
 */
final class Bench {
  /** No round of reading the prompt begins after this time. */
  static final int PREFILL_SECONDS = 10;

  private static final long NANOS = 1_000_000_000;

  private final Console console;
  private final List<LoadedModel> models;
  private final Options options;

  /**
   * How much is timed.
   *
   * @param repeats timed rounds
   * @param steps steps of a round
   * @param warmUp seconds of untimed rounds before timed ones; there is always one
   * @param threads threads that read while the read bandwidth is measured
   */
  record Options(int repeats, int steps, double warmUp, int threads) {}

  /**
   * All plans at one depth.
   *
   * @param depth tokens in the cache before each round
   * @param bandwidth bytes a second that the same threads can read; empty when there is no memory
   *     to measure it
   * @param plans times of the plans, in order
   */
  record AtDepth(int depth, Optional<Double> bandwidth, List<PlanTimes> plans) {
    /** Copies the list. */
    AtDepth {
      plans = List.copyOf(plans);
    }
  }

  Bench(Console console, List<LoadedModel> models, Options options) {
    this.console = console;
    this.models = List.copyOf(models);
    this.options = options;
  }

  /** {@return the times at one depth} */
  AtDepth at(int depth) {
    List<PlanTimer> timers = new ArrayList<>();
    try {
      models.forEach(model -> timers.add(new PlanTimer(model, depth, options.steps())));
      Optional<Double> bandwidth = bandwidth();
      warm(timers, "warming up", PlanTimer::warmPrefill);
      time(timers, "prefill of " + depth, PREFILL_SECONDS, PlanTimer::prefill);
      warm(timers, "warming up", PlanTimer::warmSteps);
      time(timers, "steps after " + depth, Long.MAX_VALUE / NANOS, PlanTimer::round);
      return new AtDepth(depth, bandwidth, timers.stream().map(PlanTimer::times).toList());
    } finally {
      timers.forEach(PlanTimer::close);
    }
  }

  private Optional<Double> bandwidth() {
    if (!models.stream().allMatch(model -> ReadBandwidths.measurable(model.plan()))) {
      console.err().println("read bandwidth not measured: " + ReadBandwidths.WHY_NOT);
      return Optional.empty();
    }
    try {
      return Optional.of(ReadBandwidth.measure(options.threads()));
    } catch (OutOfMemoryError e) {
      console.err().println("read bandwidth not measured: no memory for it: " + e.getMessage());
      return Optional.empty();
    }
  }

  private void warm(List<PlanTimer> timers, String task, Consumer<PlanTimer> round) {
    try (Progress progress = Progress.begin(console, task, timers.size())) {
      for (PlanTimer timer : timers) {
        long start = System.nanoTime();
        do {
          round.accept(timer);
        } while (System.nanoTime() - start < options.warmUp() * NANOS);
        progress.advance(1);
      }
    }
  }

  private void time(List<PlanTimer> timers, String task, long seconds, Consumer<PlanTimer> round) {
    try (Progress progress = Progress.begin(console, task, options.repeats())) {
      long start = System.nanoTime();
      for (int i = 0; i < options.repeats(); i++) {
        if (i > 0 && System.nanoTime() - start >= seconds * NANOS) {
          return;
        }
        // Every other round the other way round: going first may be an advantage.
        (i % 2 == 0 ? timers : timers.reversed()).forEach(round);
        progress.advance(1);
      }
    }
  }
}
