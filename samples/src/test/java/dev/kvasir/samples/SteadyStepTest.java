package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A decode step allocates no heap memory, on any thread, once its kernels are compiled. */
@Isolated("it counts what every worker thread allocates")
final class SteadyStepTest {
  private static final int STEPS = 300;
  private static final int STEADY_ROUNDS = 2;
  private static final int MOST_ROUNDS = 100;

  /**
   * Kernels allocate until the virtual machine has compiled them; an allocation of the step itself
   * would show in every round.
   */
  @ParameterizedTest
  @ValueSource(strings = {"full", "zigzag-sets", "zigzag-k8v4", "windowkv"})
  void aSteadyStepAllocatesNothing(String policy) {
    requireSteady(SampleModel.shared(policy, "bf16"));
  }

  @Test
  void stepsThatFoldRowsAllocateNothing() {
    requireSteady(FoldedSessionTest.rounded());
  }

  private static void requireSteady(LoadedModel model) {
    long[] threads =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("kvasir-worker-"))
            .mapToLong(Thread::threadId)
            .toArray();
    assertThat(threads).isNotEmpty();
    List<Long> bytes = new ArrayList<>();
    int steady = 0;
    while (steady < STEADY_ROUNDS && bytes.size() < MOST_ROUNDS) {
      bytes.add(allocatedInOneRound(model, threads));
      steady = bytes.getLast() == 0 ? steady + 1 : 0;
    }
    assertThat(steady)
        .as("rounds of %s steps without allocation; bytes of each round: %s", STEPS, bytes)
        .isEqualTo(STEADY_ROUNDS);
  }

  private static long allocatedInOneRound(LoadedModel model, long[] workers) {
    ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    try (Session session = model.newSession()) {
      session.append(Prompt.of("In the beginning"));
      long[] before = threads.getThreadAllocatedBytes(workers);
      long callerBefore = threads.getCurrentThreadAllocatedBytes();
      for (int step = 0; step < STEPS; step++) {
        session.step(session.greedyToken());
      }
      long sum = threads.getCurrentThreadAllocatedBytes() - callerBefore;
      long[] after = threads.getThreadAllocatedBytes(workers);
      for (int worker = 0; worker < workers.length; worker++) {
        sum += after[worker] - before[worker];
      }
      return sum;
    }
  }
}
