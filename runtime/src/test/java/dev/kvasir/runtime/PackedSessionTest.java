package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.runtime.toy.PackedToyModel;
import dev.kvasir.runtime.toy.PackedToyModel.Grid;
import dev.kvasir.runtime.toy.PackedToyPlan;
import dev.kvasir.runtime.toy.ToyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackedSessionTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  @TempDir private Path folder;
  private LoadedModel model;
  private Session session;

  @BeforeEach
  void open() throws IOException {
    Plan plan =
        PackedToyPlan.of(
            ToyModel.write(folder.resolve("model")), ToyRuntime.CONTEXT, ToyRuntime.SPAN);
    model = LoadedModel.load(plan, folder.resolve("model"), ToyRuntime.options(folder).threads(2));
    session = model.newSession();
  }

  @AfterEach
  void close() {
    session.close();
    model.close();
  }

  @Test
  void tokensFollowThePromptWhateverTheSpans() {
    int[] tokens = ToyRuntime.tokens(random, 900);
    int read = 0;
    while (read < tokens.length) {
      int count = Math.min(tokens.length - read, 1 + random.nextInt(2 * ToyRuntime.SPAN));
      if (random.nextInt(3) == 0) {
        count = Math.min(tokens.length - read, 64 - read % 64);
      }
      session.append(Prompt.ofTokens(Arrays.copyOfRange(tokens, read, read + count)));
      read += count;
      assertGreedy(Arrays.copyOf(tokens, read));
    }
  }

  @Test
  void steps() {
    int[] tokens = ToyRuntime.tokens(random, 250);
    session.append(Prompt.ofTokens(tokens[0]));
    for (int count = 2; count <= tokens.length; count++) {
      session.step(tokens[count - 1]);
      assertGreedy(Arrays.copyOf(tokens, count));
    }
  }

  @Test
  void statisticsEqualTheFormulaAtEveryLength() {
    Plan plan = model.plan();
    var formula = plan.memory().kvBytes().compile(CounterIndex.ofProgram(plan.program()));
    long[] counters = new long[CounterIndex.PROGRAM_COUNTERS.size()];
    assertThat(session.cacheStats().allocatedBytes()).isEqualTo(4L * (2 * 17 + 3));
    int tokens = 0;
    while (tokens < 700) {
      int count = 1;
      if (random.nextInt(4) == 0) {
        count = 1 + random.nextInt(200);
        session.append(Prompt.ofTokens(ToyRuntime.tokens(random, count)));
      } else {
        session.step(random.nextInt(ToyModel.POISON_TOKEN));
      }
      tokens += count;
      CounterIndex.set(counters, ToyRuntime.CONTEXT, ToyRuntime.SPAN, tokens, 0);
      CacheStats stats = session.cacheStats();
      assertThat(stats.allocatedBytes())
          .as("seed %d, %d tokens", seed, tokens)
          .isEqualTo(formula.evaluate(counters))
          .isEqualTo(session.familyBytes());
      assertThat(stats.sharedBytes()).isZero();
      assertThat(stats.trueTokens()).isEqualTo(tokens);
      int ringRows = Math.max(0, tokens - PackedToyModel.RING_FIRST);
      int dropped = Math.max(0, ringRows / 64 - PackedToyModel.RING_SLOTS) * 64;
      assertThat(stats.evictions()).isEqualTo(dropped);
      assertThat(stats.keptRows()).isEqualTo(2L * tokens + ringRows - dropped);
    }
    assertThat(session.cacheStats().reservedBytes())
        .isEqualTo(
            2 * 16 * PackedToyPlan.FULL_PAGE_BYTES
                + 2 * PackedToyPlan.RING_PAGE_BYTES
                + 3 * PackedToyPlan.OPEN_PAGE_BYTES
                + 4 * (2 * 17 + 3));
  }

  @Test
  void snapshotsHoldWhatAttentionReadsAndHowItIsStored() {
    for (int count : new int[] {1, 4, 5, 63, 64, 68, 127, 200, 324, 388, 511}) {
      try (Session fresh = model.newSession()) {
        int[] tokens = ToyRuntime.tokens(random, count);
        fresh.append(Prompt.ofTokens(tokens));
        List<SegmentSnapshot> segments = fresh.segments();
        checkSnapshot(
            segments.getFirst(),
            tokens,
            0,
            count / 64 * 64,
            PackedToyModel.FULL_KEY,
            PackedToyModel.FULL_VALUE);
        int ringRows = Math.max(0, count - 4);
        checkSnapshot(
            segments.getLast(),
            tokens,
            4,
            Math.min(ringRows / 64, 2) * 64,
            PackedToyModel.RING_KEY,
            PackedToyModel.RING_VALUE);
      }
    }
  }

  private void checkSnapshot(
      SegmentSnapshot snapshot, int[] tokens, int first, int closed, Grid key, Grid value) {
    int all = Math.max(0, tokens.length - first);
    int kept = closed + all % 64;
    assertThat(snapshot.rows()).isEqualTo(kept);
    assertThat(snapshot.packed().map(PackedRows::rows).orElse(0)).isEqualTo(closed);
    for (int head = 0; head < snapshot.heads().size(); head++) {
      for (int i = 0; i < kept; i++) {
        int row = all - kept + i;
        int token = tokens[row + first];
        assertThat(snapshot.positions()[i]).isEqualTo(row + first);
        int at = head * kept + i;
        for (int column = 0; column < PackedToyModel.KEY_DIM; column++) {
          float found = snapshot.keys()[at * PackedToyModel.KEY_DIM + column];
          assertSame(key.value(row, column, token), found, row);
        }
        for (int column = 0; column < PackedToyModel.VALUE_DIM; column++) {
          float found = snapshot.values()[at * PackedToyModel.VALUE_DIM + column];
          assertSame(value.value(row, column, token), found, row);
        }
        if (i < closed) {
          checkCodes(snapshot, head, i, row, token, key, value);
        }
      }
    }
  }

  private void checkCodes(
      SegmentSnapshot snapshot, int head, int i, int row, int token, Grid key, Grid value) {
    PackedRows packed = snapshot.packed().orElseThrow();
    int rows = packed.rows();
    int heads = snapshot.heads().size();
    assertThat(packed.keyGroups())
        .containsExactly(heads, rows / key.rows(), PackedToyModel.KEY_DIM / key.columns());
    assertThat(packed.valueGroups())
        .containsExactly(heads, rows / value.rows(), PackedToyModel.VALUE_DIM / value.columns());
    for (int column = 0; column < PackedToyModel.KEY_DIM; column++) {
      int at = (head * rows + i) * PackedToyModel.KEY_DIM + column;
      int group =
          (head * (rows / key.rows()) + i / key.rows()) * (PackedToyModel.KEY_DIM / key.columns())
              + column / key.columns();
      assertSame(key.code(token, column), Byte.toUnsignedInt(packed.keyCodes()[at]), row);
      assertSame(key.step(row, column), packed.keySteps()[group], row);
      assertSame(key.min(row, column), packed.keyMins()[group], row);
    }
    for (int column = 0; column < PackedToyModel.VALUE_DIM; column++) {
      int at = (head * rows + i) * PackedToyModel.VALUE_DIM + column;
      int group =
          (head * rows + i) * (PackedToyModel.VALUE_DIM / value.columns())
              + column / value.columns();
      assertSame(value.code(token, column), Byte.toUnsignedInt(packed.valueCodes()[at]), row);
      assertSame(value.step(row, column), packed.valueSteps()[group], row);
      assertSame(value.min(row, column), packed.valueMins()[group], row);
    }
  }

  @Test
  void everyStepCanBeCancelledAndRepeated() {
    int[] tokens = ToyRuntime.tokens(random, 300);
    session.append(Prompt.ofTokens(tokens[0]));
    for (int position = 1; position < tokens.length; position++) {
      int token = tokens[position];
      cancelAt("logits");
      assertThatThrownBy(() -> session.step(token)).isInstanceOf(CancelledException.class);
      session.stopObserving();
      session.step(token);
      assertGreedy(Arrays.copyOf(tokens, position + 1));
    }
  }

  @Test
  void aSpanThatClosedNoPageCanBeTakenBack() {
    int[] tokens = ToyRuntime.tokens(random, 130);
    session.append(Prompt.ofTokens(tokens));
    long bytes = session.cacheStats().allocatedBytes();
    cancelAt("logits");
    // The ring's 128th row fills its open page; a rule, which did not run, would have packed it.
    assertThatThrownBy(() -> session.append(Prompt.ofTokens(ToyRuntime.tokens(random, 2))))
        .isInstanceOf(CancelledException.class);
    session.stopObserving();
    assertThat(session.cacheStats().allocatedBytes()).isEqualTo(bytes);
    session.append(Prompt.ofTokens(7, 8));
    assertGreedy(ToyRuntime.joined(tokens, 7, 8));
  }

  @Test
  void aSpanThatPackedTheOpenPageEndsTheSession() {
    // 68 tokens are a full page of the ring, but four rows in the open page of the other segment.
    session.append(Prompt.ofTokens(ToyRuntime.tokens(random, 68)));
    cancelAt("logits");
    assertThatThrownBy(() -> session.append(Prompt.ofTokens(ToyRuntime.tokens(random, 64))))
        .isInstanceOf(CancelledException.class);
    assertThatThrownBy(() -> session.step(1))
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SESSION_DAMAGED));
  }

  @Test
  void aRuleRunsToItsEndWhoeverCancels() {
    int[] tokens = ToyRuntime.tokens(random, 69);
    List<Integer> closings = new ArrayList<>();
    session.observe(
        (name, position, shape, values) -> {
          if (name.equals("closing")) {
            closings.add(position);
            session.cancel();
          }
        });
    session.append(Prompt.ofTokens(Arrays.copyOf(tokens, 67)));
    assertThat(closings).isEmpty();
    session.step(tokens[67]);
    assertThat(closings).containsExactly(67);
    assertThat(session.position()).isEqualTo(68);
    assertThat(session.segments().getLast().packed()).isPresent();
    assertThatThrownBy(() -> session.step(tokens[68])).isInstanceOf(CancelledException.class);
    session.step(tokens[68]);
    assertGreedy(tokens);
    session.append(Prompt.ofTokens(ToyRuntime.tokens(random, 63)));
    assertThat(closings).containsExactly(67, 69);
  }

  private void assertGreedy(int[] tokens) {
    assertThat(session.greedyToken())
        .as("seed %d, %d tokens", seed, tokens.length)
        .isEqualTo(PackedToyModel.next(tokens));
  }

  /** As an assertion of AssertJ, which is too slow for each element. */
  private void assertSame(float expected, float found, int row) {
    if (expected != found) {
      throw new AssertionError(
          "seed %d, row %d: expected %s, got %s".formatted(seed, row, expected, found));
    }
  }

  private void cancelAt(String target) {
    session.observe(
        (name, position, shape, values) -> {
          if (name.equals(target)) {
            session.cancel();
          }
        });
  }
}
