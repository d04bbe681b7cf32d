package dev.kvasir.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Work is run before it is timed. */
class WarmUpTest {
  @Test
  void runsWorkAndEnds() {
    AtomicInteger runs = new AtomicInteger();
    new WarmUp()
        .run(
            () -> {
              runs.incrementAndGet();
              Thread.onSpinWait();
            });
    assertThat(runs.get()).isPositive();
  }
}
