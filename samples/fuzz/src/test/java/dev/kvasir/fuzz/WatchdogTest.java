package dev.kvasir.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import org.junit.jupiter.api.Test;

class WatchdogTest {

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private static long spin(long nanos) {
    long end = THREADS.getCurrentThreadCpuTime() + nanos;
    long turns = 0;
    while (THREADS.getCurrentThreadCpuTime() < end) {
      turns++;
    }
    return turns;
  }

  @Test
  void workThatTakesTooLongIsAnError() {
    try (Watchdog watchdog = new Watchdog(slow -> {})) {
      assertThatThrownBy(() -> watchdog.measure(() -> spin(Watchdog.LIMIT_NANOS * 5 / 4)))
          .isInstanceOf(Watchdog.TooSlowException.class)
          .satisfies(slow -> assertThat(slow.getStackTrace()).isNotEmpty());
    }
  }

  @Test
  void timeThatOthersUseDoesNotCount() throws Exception {
    try (Watchdog watchdog = new Watchdog(slow -> {})) {
      String result =
          watchdog.measure(
              () -> {
                Thread.sleep(1_100);
                return "done";
              });
      assertThat(result).isEqualTo("done");
      assertThat(watchdog.lastNanos()).isLessThan(Watchdog.LIMIT_NANOS);
    }
  }
}
