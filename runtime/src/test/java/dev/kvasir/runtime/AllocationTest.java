package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AllocationTest {

  private static final int STEPS = 900;
  private static final int WARM_UP = 12;
  private static final int ROUNDS = 3;

  @TempDir private Path folder;

  @Test
  void aSteadyStepAllocatesNothingOnAnyThread() throws IOException {
    ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    try (LoadedModel model = ToyRuntime.load(folder, 2)) {
      List<Long> workers =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().startsWith("kvasir-worker-"))
              .map(Thread::threadId)
              .toList();
      assertThat(workers).hasSize(1);
      long worker = workers.getFirst();
      for (int round = 0; round < WARM_UP + ROUNDS; round++) {
        try (Session session = model.newSession()) {
          session.append(Prompt.of("warm"));
          long callerBefore = threads.getCurrentThreadAllocatedBytes();
          long workerBefore = threads.getThreadAllocatedBytes(worker);
          for (int i = 0; i < STEPS; i++) {
            session.step(session.greedyToken());
          }
          long workerBytes = threads.getThreadAllocatedBytes(worker) - workerBefore;
          long callerBytes = threads.getCurrentThreadAllocatedBytes() - callerBefore;
          if (round >= WARM_UP) {
            assertThat(callerBytes).as("bytes of the caller in %d steps", STEPS).isZero();
            assertThat(workerBytes).as("bytes of the worker in %d steps", STEPS).isZero();
          }
        }
      }
    }
  }
}
