package dev.kvasir.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A fixed number of threads, the caller's included, that run their parts of one task at a time.
 * Waiting threads spin, so that starting a task costs next to nothing, and soon offer their
 * processor: where another thread of the team waits for it, spinning on would cost a time slice.
 */
public final class Team implements AutoCloseable {

  /** A task in as many parts as there are threads. */
  @FunctionalInterface
  public interface Task {
    /** Runs part {@code part}. */
    void run(int part);
  }

  private static final int SPINS = 1000;

  private final List<Thread> helpers = new ArrayList<>();
  private final AtomicInteger unfinished = new AtomicInteger();
  private Task task = part -> {};
  private volatile int number;
  private volatile boolean stopped;

  /** Starts all threads but the caller's. */
  public Team(int threads) {
    for (int part = 1; part < threads; part++) {
      int own = part;
      Thread helper = new Thread(() -> help(own), "team-" + own);
      helper.setDaemon(true);
      helper.start();
      helpers.add(helper);
    }
  }

  /** {@return the number of threads} */
  public int threads() {
    return helpers.size() + 1;
  }

  /** Runs all parts and waits for them; for one caller. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // the caller alone writes the number
  public void run(Task next) {
    task = next;
    unfinished.set(helpers.size());
    number++;
    next.run(0);
    int turns = 0;
    while (unfinished.get() != 0) {
      pause(turns++);
    }
  }

  private void help(int part) {
    int seen = 0;
    int turns = 0;
    while (!stopped) {
      if (number == seen) {
        pause(turns++);
      } else {
        turns = 0;
        seen = number;
        task.run(part);
        unfinished.decrementAndGet();
      }
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // speed, not correctness, hangs on the yield
  private static void pause(int turns) {
    if (turns < SPINS) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }

  @Override
  public void close() {
    stopped = true;
  }
}
