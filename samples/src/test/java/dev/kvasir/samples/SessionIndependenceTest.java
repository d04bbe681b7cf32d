package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What results depend on and what not. */
final class SessionIndependenceTest {
  private static final int LENGTH = 230;
  private static final long SEED = 11;

  @ParameterizedTest
  @ValueSource(strings = {"full", "streaming"})
  void resultsDoNotDependOnHowAPromptIsCut(String policy) {
    LoadedModel model = SampleModel.shared(policy, "f32");
    int[] tokens = tokens(SEED);
    double[] whole = Vectors.widen(logits(model, tokens, LENGTH));

    for (int[] cuts : new int[][] {{1, 2, 64, 65, 70}, {63, 128, 229}}) {
      float[] cut = logits(model, tokens, cuts);
      assertThat(Vectors.largestDifference(cut, whole))
          .as("cut at %s, seed %s", Arrays.toString(cuts), SEED)
          .isLessThan(1e-3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"streaming", "zigzag-sets", "duo-sets", "razor", "zigzag-k8v4"})
  void aCompressedRunDiffersFromTheFullOne(String policy) {
    int[] tokens = tokens(SEED);
    double[] full = Vectors.widen(logits(SampleModel.shared("full", "f32"), tokens, LENGTH));

    float[] compressed = logits(SampleModel.shared(policy, "f32"), tokens, LENGTH);

    assertThat(Vectors.largestDifference(compressed, full)).isGreaterThan(0.05);
  }

  @Test
  void sessionsSideBySideGiveWhatTheyGiveAlone() throws Exception {
    LoadedModel model = SampleModel.shared("duo-sets", "bf16");
    List<Integer> first = generate(model, tokens(1));
    List<Integer> second = generate(model, tokens(2));
    assertThat(first).isNotEqualTo(second);

    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Callable<List<Integer>>> both =
          List.of(() -> generate(model, tokens(1)), () -> generate(model, tokens(2)));
      List<Future<List<Integer>>> found = threads.invokeAll(both);
      assertThat(found.get(0).get()).isEqualTo(first);
      assertThat(found.get(1).get()).isEqualTo(second);
    }
  }

  private static List<Integer> generate(LoadedModel model, int[] tokens) {
    List<Integer> chosen = new ArrayList<>();
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(tokens));
      for (int step = 0; step < 40; step++) {
        chosen.add(session.greedyToken());
        session.step(chosen.getLast());
      }
    }
    return chosen;
  }

  /** Appends up to each cut in turn, then to the end. */
  private static float[] logits(LoadedModel model, int[] tokens, int... cuts) {
    try (Session session = model.newSession()) {
      for (int cut : cuts) {
        session.append(Prompt.ofTokens(Arrays.copyOfRange(tokens, session.position(), cut)));
      }
      if (session.position() < tokens.length) {
        session.append(
            Prompt.ofTokens(Arrays.copyOfRange(tokens, session.position(), tokens.length)));
      }
      assertThat(session.position()).isEqualTo(tokens.length);
      return session.logits();
    }
  }

  private static int[] tokens(long seed) {
    return NeedlePrompt.of(new Random(seed), LENGTH, 200).text().chars().toArray();
  }
}
