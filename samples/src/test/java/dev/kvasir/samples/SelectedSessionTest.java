package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions whose rows are selected behind each span of a prompt and whenever the tail is full. */
final class SelectedSessionTest {
  private static final int PROMPT = 230;

  /** More than two tails. */
  private static final int STEPS = 120;

  private static final int OBSERVE = 16;
  private static final int BUDGET = 96;
  private static final int TAIL = 48;
  private static final long SEED = 13;

  private static final String SHARED =
      "use select-window(budget = 96, window = 8, observe = 16, share = 2, tail = 48);";
  private static final String PER_HEAD =
      "use select-window(budget = 96, window = 1, observe = 16, share = 1, per-head = true,"
          + " pool = 7, score = max, tail = 48);";
  private static final String GROUPED =
      "use group-heads(criterion = layer, retrieval = [1, 2], sink = 4, recent = 64);"
          + " use select-window(budget = pyramid(25%), window = 1, observe = 16, share = 1,"
          + " per-head = true, score = average, tail = 48) on layers retrieval;";
  private static final String PACKED =
      SHARED + " use quantize-kv(key = int8(per = channel), value = int4(per = token));";
  private static final String PACKED_BY_TOKEN =
      PER_HEAD + " use quantize-kv(key = int4(per = token, group = 16), value = int8);";
  private static final String RANDOM =
      "use select-window(budget = 96, window = 8, observe = 16, share = 1,"
          + " score = random(seed = 3), tail = 48);";

  private static int[] tokens(int count) {
    return NeedlePrompt.of(new Random(SEED), count, 170).text().chars().toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {SHARED, PER_HEAD, GROUPED, PACKED, PACKED_BY_TOKEN, RANDOM})
  void logitsAreThoseOfTheEvaluatorThroughEverySelection(String uses) {
    int[] tokens = tokens(PROMPT + STEPS);
    Logits.requireNear(
        Logits.alone(uses, tokens, PROMPT),
        Logits.expected(SampleModel.using(uses).plan(), tokens, PROMPT),
        "seed " + SEED);
  }

  @Test
  void allocatedBytesAreThoseOfChosenRowsAndTailAfterEveryStep() {
    LoadedModel model = SampleModel.using(SHARED);
    for (int length : new int[] {1, 15, 63, 64, 96, 97, 100, 101, 230}) {
      try (Session session = model.newSession()) {
        session.append(Prompt.ofTokens(new int[length]));
        int selected = length;
        for (int tokens = length; tokens <= length + STEPS; tokens++) {
          if (tokens - selected == TAIL) {
            selected = tokens;
          }
          assertThat(session.cacheStats().allocatedBytes())
              .as("prompt of %s, after %s tokens", length, tokens)
              .isEqualTo(bytes(selected, tokens));
          session.step(session.greedyToken());
        }
      }
    }
  }

  /** Four layers of two heads; two layers choose, each for itself and the next. */
  private static long bytes(int selected, int tokens) {
    int heads = 4 * 2;
    int choosing = 2;
    long pageBytes = 64 * (32 + 32) * 2L;
    long kept = Math.ceilDiv(Math.min(selected, BUDGET), 64);
    long tail = Math.ceilDiv(tokens - selected, 64);
    long tableEntries = 2 + 1;
    long listElements = 128 + 1;
    long queries = OBSERVE * 4L * (32 + 1);
    return heads * ((kept + tail) * pageBytes + tableEntries * Integer.BYTES)
        + choosing * (listElements * Integer.BYTES + queries * Float.BYTES);
  }

  @Test
  void aBudgetOfEverythingIsFullAttention() {
    int[] tokens = tokens(PROMPT + STEPS);
    LoadedModel everything =
        SampleModel.using(
            "use store-kv(format = f32); use select-window(budget = 100%, window = 8,"
                + " observe = 16, share = 2, tail = 48);");
    LoadedModel full = SampleModel.shared("full", "f32");
    try (Session selected = everything.newSession();
        Session whole = full.newSession()) {
      selected.append(Prompt.ofTokens(Arrays.copyOf(tokens, PROMPT)));
      whole.append(Prompt.ofTokens(Arrays.copyOf(tokens, PROMPT)));
      for (int step = 0; step < STEPS; step++) {
        assertThat(Vectors.largestDifference(selected.logits(), Vectors.widen(whole.logits())))
            .as("step %s", step)
            .isLessThan(1e-3);
        selected.step(tokens[PROMPT + step]);
        whole.step(tokens[PROMPT + step]);
      }
    }
  }

  /** What a session chose belongs to it alone: neither prompts before nor beside it matter. */
  @ParameterizedTest
  @ValueSource(strings = {SHARED, PER_HEAD, PACKED})
  void sessionsChooseForThemselves(String uses) {
    LoadedModel model = SampleModel.using(uses);
    int[] tokens = tokens(PROMPT + STEPS);
    List<float[]> alone = Logits.alone(uses, tokens, PROMPT);
    try (Session other = model.newSession()) {
      other.append(Prompt.ofTokens(Arrays.copyOfRange(tokens, 100, PROMPT)));
      Logits.requireSame(Logits.of(model, tokens, PROMPT), alone, "seed " + SEED);
    }
  }

  /** Both select anew, from pages that they share until then. */
  @ParameterizedTest
  @ValueSource(strings = {SHARED, PER_HEAD, PACKED})
  void forksGoOnAsIfAlone(String uses) {
    LoadedModel model = SampleModel.using(uses);
    int[] tokens = tokens(PROMPT + STEPS);
    List<float[]> alone = Logits.alone(uses, tokens, PROMPT);
    try (Session session = model.newSession(SessionOptions.defaults().forks(1))) {
      session.append(Prompt.ofTokens(Arrays.copyOf(tokens, PROMPT)));
      for (int step = 0; step < TAIL / 2; step++) {
        session.step(tokens[PROMPT + step]);
      }
      try (Session fork = session.fork()) {
        for (int step = TAIL / 2; step < STEPS; step++) {
          fork.step('x');
          session.step(tokens[PROMPT + step]);
          assertThat(session.logits()).as("step %s", step).isEqualTo(alone.get(step + 1));
        }
      }
    }
  }
}
