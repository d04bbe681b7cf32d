package dev.kvasir.fuzz;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Measures the processor time of one thread's work and looks where it is when it takes too long.
 * Time that the machine gives to others does not count.
 */
final class Watchdog implements AutoCloseable {

  /** Most processor time for one mutant. */
  static final long LIMIT_NANOS = 1_000_000_000L;

  private static final long HOPELESS_NANOS = 30 * LIMIT_NANOS;
  private static final long PERIOD_MILLIS = 100;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final Thread worker = Thread.currentThread();
  private final Consumer<TooSlowException> hopeless;
  private final Thread watcher = new Thread(this::watch, "watchdog");

  private long startedAt = -1;
  private long lastNanos;
  private @Nullable TooSlowException seen;
  private boolean closed;

  /**
   * Watches the calling thread.
   *
   * @param hopeless told, by another thread, when work does not end
   */
  Watchdog(Consumer<TooSlowException> hopeless) {
    this.hopeless = hopeless;
    watcher.setDaemon(true);
    watcher.start();
  }

  /** Work that took longer than it may; the trace shows where it was. */
  static final class TooSlowException extends Exception {
    TooSlowException(long nanos, StackTraceElement[] trace) {
      super("more than a second of processor time: " + nanos / 1_000_000 + " ms");
      setStackTrace(trace);
    }
  }

  /**
   * {@return the result of {@code work}}
   *
   * @throws TooSlowException when it took more than {@link #LIMIT_NANOS}
   */
  <T> T measure(Callable<T> work) throws Exception {
    long start = THREADS.getThreadCpuTime(worker.threadId());
    synchronized (this) {
      startedAt = start;
      seen = null;
    }
    T result = work.call();
    long nanos = THREADS.getThreadCpuTime(worker.threadId()) - start;
    synchronized (this) {
      startedAt = -1;
      lastNanos = nanos;
      if (nanos > LIMIT_NANOS) {
        StackTraceElement[] trace = seen == null ? new StackTraceElement[0] : seen.getStackTrace();
        throw new TooSlowException(nanos, trace);
      }
    }
    return result;
  }

  /** {@return the processor time of the last work that was measured} */
  synchronized long lastNanos() {
    return lastNanos;
  }

  private synchronized void watch() {
    try {
      while (!closed) {
        wait(PERIOD_MILLIS);
        if (startedAt >= 0) {
          look(THREADS.getThreadCpuTime(worker.threadId()) - startedAt);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look(long nanos) {
    if (nanos > LIMIT_NANOS / 2 && seen == null) {
      seen = new TooSlowException(nanos, worker.getStackTrace());
    }
    if (nanos > HOPELESS_NANOS) {
      closed = true;
      hopeless.accept(new TooSlowException(nanos, worker.getStackTrace()));
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }
}
