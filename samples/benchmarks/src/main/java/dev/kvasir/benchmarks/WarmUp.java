package dev.kvasir.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * Runs work until the Java virtual machine has compiled it: until its own threads, compilers above
 * all, take next to no processor time beside the work. They would take it from a thread of the
 * work, too.
 */
final class WarmUp {
  private static final long WINDOW_NANOS = 250_000_000;
  private static final long MOST_NANOS = 6_000_000_000L;
  private static final int QUIET_WINDOWS = 2;
  private static final double QUIET_SHARE = 0.02;

  private final OperatingSystemMXBean process =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

  /**
   * Runs {@code work} for two quiet windows of a quarter of a second in a row, but for no more than
   * some seconds: threads of native libraries look like those of the virtual machine.
   */
  void run(Runnable work) {
    long begin = System.nanoTime();
    int quiet = 0;
    while (quiet < QUIET_WINDOWS && System.nanoTime() - begin < MOST_NANOS) {
      long own = ownNanos();
      long start = System.nanoTime();
      while (System.nanoTime() - start < WINDOW_NANOS) {
        work.run();
      }
      double elapsed = System.nanoTime() - start;
      quiet = ownNanos() - own < QUIET_SHARE * elapsed ? quiet + 1 : 0;
    }
  }

  /** {@return processor time of all threads that run no Java code} */
  private long ownNanos() {
    long java = 0;
    for (long id : threads.getAllThreadIds()) {
      java += Math.max(0, threads.getThreadCpuTime(id));
    }
    return process.getProcessCpuTime() - java;
  }
}
