package dev.kvasir.cli;

import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.runtime.LaunchObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Records the launches of steps as they run, with little work between them. */
final class StepRecorder implements LaunchObserver {
  private static final int FIRST_CAPACITY = 1 << 12;

  private Step.Launch[] launches = new Step.Launch[FIRST_CAPACITY];
  private long[] nanos = new long[FIRST_CAPACITY];
  private int count;
  private final List<RecordedStep> steps = new ArrayList<>();

  /**
   * One launch.
   *
   * @param launch what was launched
   * @param nanos how long it took
   */
  record RecordedLaunch(Step.Launch launch, long nanos) {}

  /**
   * One step.
   *
   * @param tokens tokens in the cache after it
   * @param nanos how long all of it took
   * @param end where its launches end
   */
  private record RecordedStep(int tokens, long nanos, int end) {}

  /** Takes what the launches of one step did. */
  @FunctionalInterface
  interface Reader {
    /**
     * Takes one step.
     *
     * @param tokens tokens in the cache after the step
     * @param nanos how long all of the step took
     */
    void read(int tokens, long nanos, List<RecordedLaunch> launches);
  }

  @Override
  public void launched(Step.Launch launch, long time) {
    if (count == nanos.length) {
      launches = Arrays.copyOf(launches, 2 * count);
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    launches[count] = launch;
    nanos[count] = time;
    count++;
  }

  /** Ends a step that took {@code time} nanoseconds and left {@code tokens} in the cache. */
  void endStep(int tokens, long time) {
    steps.add(new RecordedStep(tokens, time, count));
  }

  /** Shows all steps to {@code reader} and forgets them. */
  void drain(Reader reader) {
    int from = 0;
    for (RecordedStep step : steps) {
      List<RecordedLaunch> recorded = new ArrayList<>();
      for (int i = from; i < step.end(); i++) {
        recorded.add(new RecordedLaunch(launches[i], nanos[i]));
      }
      reader.read(step.tokens(), step.nanos(), recorded);
      from = step.end();
    }
    steps.clear();
    count = 0;
  }
}
