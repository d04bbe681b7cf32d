package dev.kvasir.runtime.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.runtime.CancelledException;
import dev.kvasir.runtime.FinishReason;
import dev.kvasir.runtime.Generation;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.toy.ToyModel;
import dev.kvasir.runtime.toy.ToyPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sixty-four sessions of one model at once, some of them cancelled again and again. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ManySessionsTest {

  private static final int SESSIONS = 64;
  private static final int THREADS = 2;
  private static final int MOST_TOKENS = 60;

  private final long seed = System.nanoTime();
  @TempDir private Path folder;

  /** What a session is asked to do. */
  private record Task(int[] document, int[] question, boolean cancelled) {}

  @Test
  void giveTheTokensThatEachGivesAlone() throws Exception {
    List<Task> tasks = tasks();
    try (LoadedModel model = load()) {
      List<List<Integer>> alone = new ArrayList<>();
      for (Task task : tasks) {
        alone.add(run(model, task, false, new CountDownLatch(0)));
      }
      CountDownLatch allOpen = new CountDownLatch(SESSIONS);
      List<Callable<List<Integer>>> work = new ArrayList<>();
      for (Task task : tasks) {
        work.add(() -> run(model, task, task.cancelled(), allOpen));
      }
      try (ExecutorService executor = Executors.newFixedThreadPool(SESSIONS)) {
        List<List<Integer>> together = new ArrayList<>();
        for (Future<List<Integer>> done : executor.invokeAll(work)) {
          together.add(done.get());
        }
        assertThat(together).as("seed %d", seed).isEqualTo(alone);
      }
      assertThat(alone.stream().distinct().count()).isGreaterThan(SESSIONS / 2);
    }
  }

  private List<Integer> run(
      LoadedModel model, Task task, boolean cancelling, CountDownLatch allOpen)
      throws InterruptedException {
    try (Session session = model.newSession()) {
      allOpen.countDown();
      allOpen.await();
      if (cancelling) {
        cancelledReading(session, task.document());
      }
      session.append(Prompt.ofTokens(task.document()));
      if (cancelling) {
        cancelledReading(session, task.question());
      }
      List<Integer> tokens = generate(session, task, cancelling);
      int[] read = joined(task.document(), task.question(), tokens);
      assertThat(session.logits()).as("seed %d", seed).containsExactly(ToyModel.logits(read));
      return tokens;
    }
  }

  /** Generates, and goes on after each cancellation. */
  private static List<Integer> generate(Session session, Task task, boolean cancelling) {
    Random random = new Random(task.document().length);
    List<Integer> tokens = new ArrayList<>();
    Prompt next = Prompt.ofTokens(task.question());
    FinishReason reason = FinishReason.CANCELLED;
    while (reason == FinishReason.CANCELLED) {
      Generation generation =
          session.generate(
              next,
              Sampling.greedy().maxTokens(MOST_TOKENS - tokens.size()),
              token -> {
                if (cancelling && random.nextInt(8) == 0) {
                  session.cancel();
                }
              });
      tokens.addAll(generation.tokens());
      reason = generation.finishReason();
      next = Prompt.ofTokens();
    }
    return tokens;
  }

  /** Begins to read, and is stopped before the first launch. */
  private static void cancelledReading(Session session, int[] tokens) {
    int before = session.position();
    session.cancel();
    try {
      session.append(Prompt.ofTokens(tokens));
      throw new AssertionError("a cancelled session went on");
    } catch (CancelledException e) {
      assertThat(session.position()).isEqualTo(before);
    }
  }

  private static int[] joined(int[] document, int[] question, List<Integer> generated) {
    int last = generated.size() - 1;
    int[] all = Arrays.copyOf(document, document.length + question.length + last);
    System.arraycopy(question, 0, all, document.length, question.length);
    for (int i = 0; i < last; i++) {
      all[document.length + question.length + i] = generated.get(i);
    }
    return all;
  }

  private List<Task> tasks() {
    Random random = new Random(seed);
    List<Task> tasks = new ArrayList<>();
    for (int i = 0; i < SESSIONS; i++) {
      tasks.add(
          new Task(
              tokens(random, 20 + random.nextInt(300)),
              tokens(random, 1 + random.nextInt(20)),
              random.nextInt(3) == 0));
    }
    return tasks;
  }

  private static int[] tokens(Random random, int count) {
    return random.ints(count, 0, ToyModel.POISON_TOKEN).toArray();
  }

  private LoadedModel load() throws IOException {
    Path model = ToyModel.write(folder.resolve("model"));
    LoadOptions options =
        LoadOptions.defaults().threads(THREADS).cacheFolder(folder.resolve("cache"));
    return LoadedModel.load(ToyPlan.of(model, 512, 100), model, options);
  }
}
