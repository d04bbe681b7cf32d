package dev.kvasir.benchmarks.fusion;

import dev.kvasir.runtime.Session;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the launches of a session took, by what they do, in each run of it. */
final class LaunchTimes {

  private final Map<String, List<Long>> runs = new TreeMap<>();
  private final Map<String, Long> run = new HashMap<>();
  private final List<Long> totals = new ArrayList<>();
  private int count;
  private int launches;
  private int leastLaunches = Integer.MAX_VALUE;

  /** Runs a prompt or a step, and notes its launches, those of all layers together. */
  void during(Session session, Runnable work) {
    run.clear();
    launches = 0;
    session.observeLaunches(
        (launch, nanos) -> {
          run.merge(kind(launch.label()), nanos, Long::sum);
          launches++;
        });
    work.run();
    session.stopObservingLaunches();
    count++;
    leastLaunches = Math.min(leastLaunches, launches);
    totals.add(run.values().stream().mapToLong(nanos -> nanos).sum());
    run.forEach((kind, nanos) -> runs.computeIfAbsent(kind, _ -> new ArrayList<>()).add(nanos));
  }

  /** {@return what a launch does, without its layer} */
  private static String kind(String label) {
    return label.startsWith("layer.") ? label.substring(label.indexOf(' ') + 1) : label;
  }

  /** {@return launches of the run that has the fewest} */
  int launches() {
    return leastLaunches;
  }

  /** {@return nanoseconds of these launches, of all runs together} */
  double total(String... kinds) {
    long sum = 0;
    for (String kind : kinds) {
      sum += runs.getOrDefault(kind, List.of()).stream().mapToLong(nanos -> nanos).sum();
    }
    return sum;
  }

  /** {@return nanoseconds of all launches, of all runs together} */
  double all() {
    return total(runs.keySet().toArray(String[]::new));
  }

  /** {@return nanoseconds in a run, the mean over all of them} */
  double mean(String... kinds) {
    return total(kinds) / count;
  }

  /** {@return nanoseconds in the run in the middle of those that have such a launch} */
  double median(String kind) {
    List<Long> sorted = runs.getOrDefault(kind, List.of(0L)).stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  /** {@return nanoseconds in the shortest run of those that have such a launch} */
  double least(String kind) {
    return runs.getOrDefault(kind, List.of(0L)).stream().mapToLong(nanos -> nanos).min().orElse(0);
  }

  /** {@return nanoseconds of all launches of a run, the median over the {@code last} runs} */
  double medianRun(int last) {
    return totals.subList(count - last, count).stream().sorted().toList().get(last / 2);
  }
}
