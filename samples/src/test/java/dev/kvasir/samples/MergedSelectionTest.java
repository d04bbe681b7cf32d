package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.runtime.CacheStats;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.SegmentSnapshot;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import dev.kvasir.runtime.TraceObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions whose layers merge, in pairs, the rows that one selection chooses for both. */
final class MergedSelectionTest {

  /** Two spans. */
  private static final int PROMPT = 230;

  private static final int STEPS = 120;
  private static final int OBSERVE = 16;
  private static final int BUDGET = 96;
  private static final int TAIL = 48;
  private static final long SEED = 19;

  private static final String EXACT = "use store-kv(format = f32); ";
  private static final String MERGE =
      " use merge-layers(from = 0%, t = 0.6, retain = 5%, tail = 48);";
  private static final String IN_PAIRS =
      "use select-window(budget = 96, window = 8, observe = 16, share = 2, tail = 48);" + MERGE;
  private static final String TOGETHER =
      "use select-window(budget = 25%, window = 8, observe = 16, share = 4, tail = 48);"
          + " use merge-layers(from = 0%, t = 0.3, retain = 33.3%, tail = 48);";
  private static final String PER_HEAD =
      "use select-window(budget = 150, window = 1, observe = 16, share = 2, per-head = true,"
          + " pool = 7, score = max, tail = 48);"
          + " use merge-layers(from = 0%, t = 1, retain = 12.345679%, tail = 48);";
  private static final String IN_WINDOWS =
      "use select-window(budget = 70%, window = 8, observe = 16, share = 4, per-head = true,"
          + " score = average, tail = 32);"
          + " use merge-layers(from = 0%, t = 0, retain = 0%, tail = 32);";
  private static final String SOME_AT_RANDOM =
      "use select-window(budget = 130, window = 8, observe = 16, share = 4,"
          + " score = random(seed = 3), tail = 48);"
          + " use merge-layers(from = 2, t = 0.6, retain = 10%, tail = 48);";
  private static final String PACKED =
      IN_PAIRS + " use quantize-kv(key = int8(per = channel), value = int4(per = token));";
  private static final String PACKED_BY_TOKEN =
      PER_HEAD + " use quantize-kv(key = int4(per = token, group = 16), value = int8);";
  private static final String PACKED_TOGETHER =
      TOGETHER + " use quantize-kv(key = int4(per = channel), value = int4(per = token));";

  private static int[] tokens(int count) {
    return NeedlePrompt.of(new Random(SEED), count, 170).text().chars().toArray();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        IN_PAIRS,
        TOGETHER,
        EXACT + PER_HEAD,
        IN_WINDOWS,
        SOME_AT_RANDOM,
        PACKED,
        PACKED_BY_TOKEN,
        PACKED_TOGETHER
      })
  void logitsAreThoseOfTheEvaluatorThroughEverySelection(String uses) {
    int[] tokens = tokens(PROMPT + (uses.equals(IN_PAIRS) ? 400 : STEPS));
    Logits.requireNear(
        Logits.alone(uses, tokens, PROMPT),
        Logits.expected(SampleModel.using(uses).plan(), tokens, PROMPT),
        "seed " + SEED);
  }

  @Test
  void retainingEverythingIsTheSelectionAlone() {
    String selection =
        EXACT + "use select-window(budget = 96, window = 8, observe = 16, share = 2, tail = 48);";
    int[] tokens = tokens(PROMPT + STEPS);
    List<float[]> merged =
        Logits.of(
            SampleModel.using(
                selection + " use merge-layers(from = 0%, t = 0.6, retain = 100%, tail = 48);"),
            tokens,
            PROMPT);
    List<double[]> selected =
        Logits.expected(SampleModel.compile(SampleModel.policy(selection)), tokens, PROMPT);
    for (int step = 0; step <= STEPS; step++) {
      assertThat(Vectors.largestDifference(merged.get(step), selected.get(step)))
          .as("step %s", step)
          .isLessThan(1e-3);
    }
  }

  /** As long as every row fits, rows are merged once, and stay as a merge alone leaves them. */
  @Test
  void aBudgetOfEverythingIsTheMergeAlone() {
    String merge = " use merge-layers(from = 0%, t = 0.6, retain = 0%, tail = 48);";
    int[] tokens = tokens(PROMPT + STEPS);
    List<float[]> both =
        Logits.of(
            SampleModel.using(
                EXACT
                    + "use select-window(budget = 100%, window = 8, observe = 16, share = 2,"
                    + " tail = 48);"
                    + merge),
            tokens,
            PROMPT);
    List<double[]> merged =
        Logits.expected(SampleModel.compile(SampleModel.policy(EXACT + merge)), tokens, PROMPT);
    for (int step = 0; step <= STEPS; step++) {
      // Norms are rounded to f16 again, from numbers that have been rounded so.
      assertThat(Vectors.cosine(both.get(step), merged.get(step)))
          .as("step %s", step)
          .isGreaterThan(0.999);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 15, 63, 64, 96, 97, 100, 101, 230})
  void allocatedBytesAreThoseOfChosenRowsAndTailsAfterEveryStep(int length) {
    LoadedModel model = SampleModel.using(IN_PAIRS);
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

  /** Two pairs of layers of two heads; the lower of each chooses. */
  private static long bytes(int selected, int tokens) {
    int pairs = 2;
    int heads = 2;
    long pageBytes = 64 * (32 + 32) * 2L;
    int slots = Math.min(selected, BUDGET);
    long shared = Math.ceilDiv(slots, 64) * (pageBytes + 4 * 64 * Short.BYTES);
    long retained = Math.ceilDiv(Math.ceilDiv(slots, 20), 64) * (pageBytes + 64 * Integer.BYTES);
    long tail = Math.ceilDiv(tokens - selected, 64) * pageBytes;
    long entries = 2 * 2 + 2 * (2 * 1 + 1);
    // A list with its count, and the count of what is retained of it.
    long list = 128 + 1 + 1;
    long queries = OBSERVE * 4L * (32 + 1);
    return pairs
        * (heads * (shared + 2 * (retained + tail) + entries * Integer.BYTES)
            + list * Integer.BYTES
            + queries * Float.BYTES);
  }

  /** Prompts before and beside it do not matter to a session. */
  @ParameterizedTest
  @ValueSource(strings = {TOGETHER, PACKED})
  void sessionsMergeForThemselves(String uses) {
    LoadedModel model = SampleModel.using(uses);
    int[] tokens = tokens(PROMPT + STEPS);
    List<float[]> alone = Logits.alone(uses, tokens, PROMPT);
    try (Session other = model.newSession()) {
      other.append(Prompt.ofTokens(Arrays.copyOfRange(tokens, 100, PROMPT)));
      Logits.requireSame(Logits.of(model, tokens, PROMPT), alone, "seed " + SEED);
    }
  }

  @Test
  void threadsChangeNoBit() {
    int[] tokens = tokens(PROMPT + STEPS);
    LoadOptions options = LoadOptions.defaults().threads(1);
    try (LoadedModel single = SampleModel.load(SampleModel.using(PACKED).plan(), options)) {
      Logits.requireSame(
          Logits.of(single, tokens, PROMPT), Logits.alone(PACKED, tokens, PROMPT), "seed " + SEED);
    }
  }

  /** Both select and merge anew, from and into pages that they share until then. */
  @ParameterizedTest
  @ValueSource(strings = {IN_PAIRS, EXACT + PER_HEAD, PACKED_TOGETHER})
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
    try (Session session = model.newSession(SessionOptions.defaults().forks(1))) {
      session.append(Prompt.ofTokens(Arrays.copyOf(tokens, PROMPT)));
      try (Session fork = session.fork()) {
        for (int step = 0; step < STEPS; step++) {
          session.step('x');
          fork.step(tokens[PROMPT + step]);
          assertThat(fork.logits()).as("fork, step %s", step).isEqualTo(alone.get(step + 1));
        }
      }
    }
  }

  /**
   * The rows of a list are those that a layer's shared rows show and those that it retains; so many
   * of them, and the others are gone.
   */
  @ParameterizedTest
  @ValueSource(strings = {TOGETHER, EXACT + PER_HEAD, PACKED})
  void snapshotsShowWhatWasChosenOnce(String uses) {
    Map<Integer, int[][]> lists = new HashMap<>();
    TraceObserver observer =
        new TraceObserver() {
          @Override
          public void observe(String name, int position, List<Integer> shape, float[] values) {}

          @Override
          public void chosen(int layer, List<Integer> heads, int[][] positions) {
            assertThat(lists.put(layer, positions)).isNull();
          }
        };
    int last = PROMPT + TAIL;
    try (Session session = SampleModel.using(uses).newSession()) {
      session.append(Prompt.ofTokens(tokens(PROMPT)));
      session.observe(observer);
      for (int tokens = PROMPT; tokens < last; tokens++) {
        session.step('x');
      }
      assertThat(lists).hasSize(4);
      long kept = 0;
      for (int layer = 0; layer < 4; layer++) {
        int of = layer;
        List<SegmentSnapshot> segments =
            session.segments().stream().filter(segment -> segment.layer() == of).toList();
        for (int head = 0; head < 2; head++) {
          int[] list = lists.getOrDefault(layer, new int[2][0])[head];
          List<Integer> shown = new ArrayList<>();
          for (SegmentSnapshot segment : segments) {
            int row = head;
            IntStream.range(0, segment.rows())
                .map(slot -> segment.positions()[row * segment.rows() + slot])
                .filter(position -> position != SegmentSnapshot.EMPTY)
                .forEach(shown::add);
          }
          assertThat(shown).doesNotHaveDuplicates();
          assertThat(new TreeSet<>(shown))
              .containsExactlyElementsOf(IntStream.of(list).boxed().toList());
          long retained = counted(segments.get(1), head);
          assertThat(retained).isPositive();
          kept += retained + (layer % 2 == 0 ? list.length : 0);
        }
      }
      CacheStats stats = session.cacheStats();
      assertThat(stats.keptRows()).isEqualTo(kept);
    }
  }

  private static long counted(SegmentSnapshot segment, int head) {
    return IntStream.range(head * segment.rows(), (head + 1) * segment.rows())
        .filter(row -> segment.positions()[row] != SegmentSnapshot.EMPTY)
        .count();
  }
}
