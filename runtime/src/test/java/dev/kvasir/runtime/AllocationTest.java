package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AllocationTest {

  private static final int STEPS = 900;
  private static final int STEADY_ROUNDS = 3;
  private static final int MAX_ROUNDS = 60;

  @TempDir private Path folder;

  /**
   * An allocation in each step shows in each round. One in a single round is the virtual machine's:
   * leaving compiled code makes the objects that it did without.
   */
  @Test
  void aSteadyStepAllocatesNothingOnAnyThread() throws IOException {
    try (LoadedModel model = ToyRuntime.load(folder, 2)) {
      List<Long> workers =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().startsWith("kvasir-worker-"))
              .map(Thread::threadId)
              .toList();
      assertThat(workers).hasSize(1);
      List<Long> bytes = new ArrayList<>();
      int steady = 0;
      while (steady < STEADY_ROUNDS && bytes.size() < MAX_ROUNDS) {
        bytes.add(allocatedInOneRound(model, workers.getFirst()));
        steady = bytes.getLast() == 0 ? steady + 1 : 0;
      }
      assertThat(steady)
          .as("rounds of %d steps without allocation; bytes of each round: %s", STEPS, bytes)
          .isEqualTo(STEADY_ROUNDS);
    }
  }

  private static long allocatedInOneRound(LoadedModel model, long worker) {
    ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    try (Session session = model.newSession()) {
      session.append(Prompt.of("warm"));
      long callerBefore = threads.getCurrentThreadAllocatedBytes();
      long workerBefore = threads.getThreadAllocatedBytes(worker);
      for (int i = 0; i < STEPS; i++) {
        session.step(session.greedyToken());
      }
      long workerBytes = threads.getThreadAllocatedBytes(worker) - workerBefore;
      long callerBytes = threads.getCurrentThreadAllocatedBytes() - callerBefore;
      return workerBytes + callerBytes;
    }
  }
}
