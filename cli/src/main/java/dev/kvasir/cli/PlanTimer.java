package dev.kvasir.cli;

import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Times one plan at one depth. Steps run in forks of one session, so that all of them begin with
 * the same cache.
 */
final class PlanTimer implements AutoCloseable {
  private static final int WARM_UP_TOKENS = 512;
  // A few steps of a small model are over within one time slice of the machine.
  private static final long ROUND_NANOS = 200_000_000;
  private static final SessionOptions ONE_FORK = SessionOptions.defaults().forks(1);

  private final LoadedModel model;
  private final Prompt prompt;
  private final Prompt shortPrompt;
  private final int stepsOfRound;
  private final CacheReads cacheReads;
  private final StepWeights weights;
  private final IdentityHashMap<Step.Launch, Long> weightBytes = new IdentityHashMap<>();
  private final StepRecorder recorder = new StepRecorder();

  private final List<Double> prefill = new ArrayList<>();
  private final List<Double> rounds = new ArrayList<>();
  private final List<Double> outside = new ArrayList<>();
  private final Map<String, KernelSamples> kernels = new LinkedHashMap<>();
  private Optional<Session> session = Optional.empty();
  private int steps;
  private double sumOfSteps;
  private double sumOutside;

  /** What one kernel took in the steps that launched it. */
  private static final class KernelSamples {
    private final List<Double> nanos = new ArrayList<>();
    private long calls;
    private double sum;
    private double bytes;
  }

  /** What one kernel did in one step. */
  private record InStep(int calls, long nanos, long bytes) {
    InStep plus(InStep other) {
      return new InStep(calls + other.calls, nanos + other.nanos, bytes + other.bytes);
    }
  }

  PlanTimer(LoadedModel model, int depth, int stepsOfRound) {
    this.model = model;
    this.stepsOfRound = stepsOfRound;
    int vocabulary = model.plan().manifest().model().vocabulary();
    // Which tokens does not matter; equal ones each time do.
    int[] tokens = new Random(0).ints(depth, 0, vocabulary).toArray();
    prompt = Prompt.ofTokens(tokens);
    shortPrompt = Prompt.ofTokens(Arrays.copyOf(tokens, Math.min(depth, WARM_UP_TOKENS)));
    cacheReads = new CacheReads(model.plan());
    weights = new StepWeights(model.plan());
  }

  /** Reads a part of the prompt, untimed. */
  void warmPrefill() {
    try (Session warm = model.newSession()) {
      warm.append(shortPrompt);
    }
  }

  /**
   * Reads the prompt into an empty cache, timed; a short one again and again. Rounds of steps go on
   * from the last.
   */
  void prefill() {
    long sum = 0;
    int prompts = 0;
    do {
      session.ifPresent(Session::close);
      session = Optional.empty();
      Session next = model.newSession(ONE_FORK);
      session = Optional.of(next);
      long start = System.nanoTime();
      next.append(prompt);
      sum += System.nanoTime() - start;
      prompts++;
    } while (sum < ROUND_NANOS);
    prefill.add((double) sum / prompts);
  }

  /** Runs a round of steps, untimed. */
  void warmSteps() {
    run();
    recorder.drain((tokens, nanos, launches) -> {});
  }

  /** Runs a round of steps, timed; short ones again and again, always from the same cache. */
  void round() {
    long sum = 0;
    int forks = 0;
    do {
      sum += run();
      forks++;
      recorder.drain(this::add);
    } while (sum < ROUND_NANOS);
    rounds.add((double) sum / forks / stepsOfRound);
  }

  private long run() {
    long sum = 0;
    try (Session fork = session.orElseThrow().fork()) {
      fork.observeLaunches(recorder);
      int position = fork.position();
      for (int i = 0; i < stepsOfRound; i++) {
        long start = System.nanoTime();
        fork.step(fork.greedyToken());
        long nanos = System.nanoTime() - start;
        recorder.endStep(position + i + 1, nanos);
        sum += nanos;
      }
    }
    return sum;
  }

  private void add(int tokens, long nanos, List<StepRecorder.RecordedLaunch> launches) {
    steps++;
    long inKernels = 0;
    Map<String, InStep> byKernel = new HashMap<>();
    for (StepRecorder.RecordedLaunch recorded : launches) {
      Step.Launch launch = recorded.launch();
      long bytes =
          weightBytes.computeIfAbsent(launch, weights::ofLaunch)
              + cacheReads.ofLaunch(launch, tokens);
      inKernels += recorded.nanos();
      byKernel.merge(launch.kernel(), new InStep(1, recorded.nanos(), bytes), InStep::plus);
    }
    outside.add((double) (nanos - inKernels));
    sumOfSteps += nanos;
    sumOutside += nanos - inKernels;
    byKernel.forEach(
        (kernel, did) -> {
          KernelSamples samples = kernels.computeIfAbsent(kernel, unused -> new KernelSamples());
          samples.nanos.add((double) did.nanos());
          samples.calls += did.calls();
          samples.sum += did.nanos();
          samples.bytes += did.bytes();
        });
  }

  /** {@return what all timed rounds took} */
  PlanTimes times() {
    List<PlanTimes.KernelTimes> times = new ArrayList<>();
    kernels.forEach(
        (kernel, samples) ->
            times.add(
                new PlanTimes.KernelTimes(
                    kernel,
                    (double) samples.calls / steps,
                    Spread.median(samples.nanos) * samples.nanos.size() / steps,
                    samples.sum / sumOfSteps,
                    samples.bytes / steps)));
    times.sort(Comparator.comparingDouble(PlanTimes.KernelTimes::nanos).reversed());
    return new PlanTimes(prefill, rounds, Spread.median(outside), sumOutside / sumOfSteps, times);
  }

  @Override
  public void close() {
    session.ifPresent(Session::close);
  }
}
