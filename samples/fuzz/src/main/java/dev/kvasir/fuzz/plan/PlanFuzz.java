package dev.kvasir.fuzz.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SortedMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BooleanSupplier;

/**
 * Tries many cases, several at a time, and counts what became of them. Counts and problems do not
 * depend on how many are tried at a time. Counts and problems may be read while cases are tried.
 */
public final class PlanFuzz implements AutoCloseable {
  private final long seed;
  private final int threads;
  private final ExecutorService executor;
  private final HastyKernels hasty;

  /** Those that no thread uses; each has a folder of its own. */
  private final BlockingQueue<PlanTrial> trials = new LinkedBlockingQueue<>();

  private final SortedMap<String, Integer> counts = new ConcurrentSkipListMap<>();
  private final List<String> problems = new CopyOnWriteArrayList<>();

  /**
   * What became of a case.
   *
   * @param problem the bug, with a small case that shows it
   */
  private record Outcome(String name, Optional<String> problem) {}

  /**
   * Prepares.
   *
   * @param seed of all cases
   * @param folder for their models
   * @param threads how many cases are tried at a time
   * @throws IOException when the folder cannot be written
   */
  public PlanFuzz(long seed, Path folder, int threads) throws IOException {
    this.seed = seed;
    this.threads = threads;
    for (int trial = 0; trial < threads; trial++) {
      trials.add(new PlanTrial(Files.createTempDirectory(folder, "trial")));
    }
    hasty = new HastyKernels(folder);
    executor = Executors.newFixedThreadPool(threads);
  }

  /**
   * Tries cases in ascending order; bugs are made small and noted.
   *
   * @param from number of the first case
   * @param end behind the last case
   * @param enough asked after each case, in their order, whether to stop
   * @return how many cases were counted
   * @throws InterruptedException when the thread is interrupted meanwhile
   */
  public long run(long from, long end, BooleanSupplier enough) throws InterruptedException {
    Queue<Future<Outcome>> running = new ArrayDeque<>();
    long next = from;
    long counted = 0;
    while ((next < end || !running.isEmpty()) && !enough.getAsBoolean()) {
      while (next < end && running.size() < 2 * threads) {
        long index = next;
        running.add(executor.submit(() -> outcome(index)));
        next++;
      }
      count(running.remove());
      counted++;
    }
    running.forEach(ahead -> ahead.cancel(false));
    return counted;
  }

  private void count(Future<Outcome> tried) throws InterruptedException {
    try {
      Outcome outcome = tried.get();
      counts.merge(outcome.name(), 1, Integer::sum);
      outcome.problem().ifPresent(problems::add);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a case could not be tried", e.getCause());
    }
  }

  private Outcome outcome(long index) throws IOException, InterruptedException {
    PlanTrial trial = trials.take();
    try {
      PlanCase planCase = RandomPlans.of(seed, index);
      Verdict verdict = trial.run(planCase);
      if (!verdict.isBug()) {
        return new Outcome(name(verdict), Optional.empty());
      }
      PlanCase small = new Shrinker(trial).shrink(planCase);
      String problem =
          "seed %d, case %d: %s%nshrunk to: %s%n%s"
              .formatted(seed, index, verdict, trial.run(small), small);
      return new Outcome(name(verdict), Optional.of(problem));
    } finally {
      trials.put(trial);
    }
  }

  /** {@return how many cases were counted} */
  public long counted() {
    return counts.values().stream().mapToLong(Integer::longValue).sum();
  }

  /** {@return how many plans computed what their graph means} */
  public int agreed() {
    return counts.getOrDefault("agreed", 0);
  }

  /** {@return how many cases ended in each way, a line for each} */
  public String table() {
    StringBuilder table = new StringBuilder();
    counts.forEach((name, count) -> table.append("%-60s %8d%n".formatted(name, count)));
    return table.toString();
  }

  /** {@return the bugs, each with a small case that shows it} */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  /** Waits for the cases that are still being tried. */
  @Override
  public void close() {
    executor.close();
    hasty.close();
  }

  private static String name(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Agreed _ -> "agreed";
      case Verdict.Refused refused -> "refused " + refused.code().code();
      case Verdict.Undecided _ -> "undecided";
      case Verdict.Wrong _ -> "wrong";
      case Verdict.Broken _ -> "broken";
    };
  }
}
