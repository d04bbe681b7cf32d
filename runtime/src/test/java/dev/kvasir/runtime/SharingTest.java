package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.toy.ToyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SharingTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  @TempDir private Path folder;

  @Test
  void resultsDoNotDependOnTheNumberOfThreads() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    int[] tokens = ToyRuntime.tokens(random, 400);
    List<List<Float>> logits = new ArrayList<>();
    for (int threads : new int[] {1, 2, 3, 7}) {
      LoadOptions options = ToyRuntime.options(folder).threads(threads);
      try (LoadedModel model = LoadedModel.load(plan, folder.resolve("model"), options);
          Session session = model.newSession()) {
        assertThat(model.backendDescription())
            .endsWith(threads == 1 ? "1 thread" : threads + " threads");
        session.append(Prompt.ofTokens(Arrays.copyOf(tokens, 300)));
        for (int i = 300; i < tokens.length; i++) {
          session.step(tokens[i]);
        }
        List<Float> row = new ArrayList<>();
        for (float logit : session.logits()) {
          row.add(logit);
        }
        logits.add(row);
      }
    }
    assertThat(logits).as("seed %d", seed).allMatch(row -> row.equals(logits.getFirst()));
  }

  @Test
  void sessionsOfManyThreadsDoNotDisturbEachOther() throws Exception {
    try (LoadedModel model = ToyRuntime.load(folder, 2);
        ExecutorService executor = Executors.newFixedThreadPool(4)) {
      List<Callable<Boolean>> tasks = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int[] tokens = ToyRuntime.tokens(random, 300 + random.nextInt(100));
        tasks.add(
            () -> {
              try (Session session = model.newSession()) {
                session.append(Prompt.ofTokens(Arrays.copyOf(tokens, 200)));
                for (int at = 200; at < tokens.length; at++) {
                  session.step(tokens[at]);
                }
                return Arrays.equals(session.logits(), ToyModel.logits(tokens));
              }
            });
      }
      for (Future<Boolean> done : executor.invokeAll(tasks)) {
        assertThat(done.get()).as("seed %d", seed).isTrue();
      }
    }
  }

  @Test
  void aShortSessionGetsItsTurnBetweenTheSpansOfALongOne() throws Exception {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    try (LoadedModel model = ToyRuntime.load(folder, 2);
        Session longOne = model.newSession();
        Session shortOne = model.newSession()) {
      shortOne.observe((name, position, shape, values) -> order.add("short"));
      Thread waiting = new Thread(() -> shortOne.append(Prompt.of("a")));
      longOne.observe(
          (name, position, shape, values) -> {
            if (name.equals("layer.0.q")) {
              order.add("long " + position);
            }
            if (position == 0) {
              waiting.start();
              while (waiting.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
              }
            }
          });
      longOne.append(Prompt.ofTokens(ToyRuntime.tokens(random, 3 * ToyRuntime.SPAN)));
      waiting.join();
    }
    assertThat(order).containsExactly("long 0", "short", "long 150", "long 300");
  }

  @Test
  void aModelWithOpenSessionsStaysOpen() throws IOException {
    LoadedModel model = ToyRuntime.load(folder, 2);
    Session session = model.newSession();
    assertThatThrownBy(model::close)
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SESSIONS_OPEN))
        .hasMessageContaining("1 session of the model is open");
    session.append(Prompt.of("still here"));
    session.close();
    model.close();
    model.close();
    assertThatThrownBy(model::newSession)
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
  }

  @Test
  void closingAModelEndsItsThreads() throws IOException {
    long before = workers();
    LoadedModel model = ToyRuntime.load(folder, 5);
    assertThat(workers()).isEqualTo(before + 4);
    model.close();
    assertThat(workers()).isEqualTo(before);
  }

  private static long workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("kvasir-worker-"))
        .count();
  }
}
