package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.runtime.toy.ChosenToyModel;
import dev.kvasir.runtime.toy.ChosenToyModel.Row;
import dev.kvasir.runtime.toy.ChosenToyPlan;
import dev.kvasir.runtime.toy.ToyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions whose cache holds rows that were chosen, and a tail. */
class ChosenSessionTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  @TempDir private Path folder;

  /** A session and what it should say. */
  private final class Pair implements AutoCloseable {
    private final Session session;
    private final ChosenToyModel expected;

    Pair(Session session, ChosenToyModel expected) {
      this.session = session;
      this.expected = expected;
    }

    void append(int... tokens) {
      int next = 0;
      for (int from = 0; from < tokens.length; from += ToyRuntime.SPAN) {
        int to = Math.min(tokens.length, from + ToyRuntime.SPAN);
        next = expected.prefill(Arrays.copyOfRange(tokens, from, to));
      }
      session.append(Prompt.ofTokens(tokens));
      assertNext(next);
    }

    void step(int token) {
      session.step(token);
      assertNext(expected.step(token));
    }

    void readSome() {
      if (random.nextInt(4) == 0) {
        append(ToyRuntime.tokens(random, 1 + random.nextInt(2 * ToyRuntime.SPAN)));
      } else {
        int steps = 1 + random.nextInt(130);
        for (int i = 0; i < steps; i++) {
          step(random.nextInt(ToyModel.POISON_TOKEN));
        }
      }
    }

    Pair fork() {
      return new Pair(session.fork(), expected.copy());
    }

    private void assertNext(int next) {
      assertThat(session.greedyToken())
          .as("seed %d, %d tokens", seed, expected.tokens())
          .isEqualTo(next);
    }

    void checkSegments() {
      List<SegmentSnapshot> segments = session.segments();
      SegmentSnapshot kept = segments.getFirst();
      assertThat(kept.rows()).isEqualTo(ChosenToyModel.room(expected.mark()));
      for (int head = 0; head < ChosenToyModel.HEADS; head++) {
        checkHead(kept, head, expected.kept(head));
        checkHead(segments.getLast(), head, expected.tail());
      }
      assertThat(segments.getLast().rows()).isEqualTo(expected.tail().size());
      int closed =
          Stream.of(expected.kept(0), expected.kept(1)).mapToInt(List::size).max().orElse(0)
              / 64
              * 64;
      kept.packed().ifPresent(packed -> assertThat(packed.rows()).isEqualTo(closed));
    }

    private void checkHead(SegmentSnapshot segment, int head, List<Row> rows) {
      for (int i = 0; i < segment.rows(); i++) {
        int at = head * segment.rows() + i;
        boolean empty = i >= rows.size();
        assertThat(segment.positions()[at])
            .as("seed %d, row %d", seed, i)
            .isEqualTo(empty ? SegmentSnapshot.EMPTY : rows.get(i).position());
        for (int column = 0; column < ChosenToyModel.DIM; column++) {
          int element = at * ChosenToyModel.DIM + column;
          float key = empty ? 0 : rows.get(i).key(head, column);
          float value = empty ? 0 : rows.get(i).value(head, column);
          if (segment.keys()[element] != key || segment.values()[element] != value) {
            throw new AssertionError(
                "seed %d, %s, head %d, row %d: expected %s and %s, got %s and %s"
                    .formatted(
                        seed,
                        segment.name(),
                        head,
                        i,
                        key,
                        value,
                        segment.keys()[element],
                        segment.values()[element]));
          }
        }
      }
    }

    void checkStats(LoadedModel model) {
      CacheStats stats = session.cacheStats();
      int tokens = expected.tokens();
      long kept = expected.kept(0).size() + expected.kept(1).size() + 2L * expected.tail().size();
      assertThat(stats.trueTokens()).isEqualTo(tokens);
      assertThat(stats.keptRows()).as("seed %d", seed).isEqualTo(kept);
      assertThat(stats.evictions()).isEqualTo(2L * tokens - kept);
      assertThat(stats.allocatedBytes())
          .as("seed %d, %d tokens, mark %d", seed, tokens, expected.mark())
          .isEqualTo(bytes(model, tokens, expected.mark()));
    }

    @Override
    public void close() {
      session.close();
    }
  }

  private static long bytes(LoadedModel model, int tokens, int mark) {
    CounterIndex index = CounterIndex.ofProgram(model.plan().program());
    CompiledExpression formula = model.plan().memory().kvBytes().compile(index);
    long[] counters = new long[index.names().size()];
    CounterIndex.set(counters, ToyRuntime.CONTEXT, ToyRuntime.SPAN, tokens, 0);
    counters[counters.length - 1] = mark;
    return formula.evaluate(counters);
  }

  private LoadedModel load(ChosenToyPlan plan) throws IOException {
    Path model = ToyModel.write(folder.resolve("model"));
    return LoadedModel.load(
        plan.write(model, ToyRuntime.CONTEXT, ToyRuntime.SPAN),
        model,
        ToyRuntime.options(folder).threads(2));
  }

  private Pair open(LoadedModel model, ChosenToyPlan plan, int forks) {
    return new Pair(
        model.newSession(SessionOptions.defaults().forks(forks)),
        new ChosenToyModel(plan.accumulates()));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void promptsAndStepsInAnyOrder(boolean packed) throws IOException {
    ChosenToyPlan plan = ChosenToyPlan.of(packed, true);
    try (LoadedModel model = load(plan)) {
      for (int round = 0; round < 4; round++) {
        try (Pair pair = open(model, plan, 0)) {
          assertThat(pair.session.cacheStats().allocatedBytes())
              .isEqualTo(ChosenToyPlan.RESIDENT_BYTES);
          while (pair.expected.tokens() < 650) {
            pair.readSome();
            pair.checkStats(model);
            pair.checkSegments();
            assertThat(pair.session.familyBytes())
                .isEqualTo(pair.session.cacheStats().allocatedBytes());
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void bytesEqualTheFormulaAfterEachStep(boolean packed) throws IOException {
    ChosenToyPlan plan = ChosenToyPlan.of(packed, false);
    try (LoadedModel model = load(plan);
        Pair pair = open(model, plan, 0)) {
      pair.append(ToyRuntime.tokens(random, 1 + random.nextInt(100)));
      for (int i = 0; i < 420; i++) {
        pair.step(random.nextInt(ToyModel.POISON_TOKEN));
        pair.checkStats(model);
      }
      pair.checkSegments();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void forksDoNotDisturbEachOther(boolean packed) throws IOException {
    ChosenToyPlan plan = ChosenToyPlan.of(packed, true);
    try (LoadedModel model = load(plan)) {
      for (int round = 0; round < 6; round++) {
        List<Pair> family = new ArrayList<>(List.of(open(model, plan, 2)));
        try {
          family.getFirst().append(ToyRuntime.tokens(random, 1 + random.nextInt(300)));
          for (int turn = 0; turn < 12; turn++) {
            if (family.size() < 3) {
              family.add(family.get(random.nextInt(family.size())).fork());
            }
            Pair pair = family.get(random.nextInt(family.size()));
            if (pair.expected.tokens() < 700) {
              pair.readSome();
            }
            for (Pair each : family) {
              each.checkStats(model);
              each.checkSegments();
            }
          }
        } finally {
          family.forEach(Pair::close);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyStepCanBeCancelledAndRepeated(boolean packed) throws IOException {
    ChosenToyPlan plan = ChosenToyPlan.of(packed, false);
    try (LoadedModel model = load(plan);
        Pair pair = open(model, plan, 0)) {
      pair.append(ToyRuntime.tokens(random, 40));
      for (int i = 0; i < 220; i++) {
        int token = random.nextInt(ToyModel.POISON_TOKEN);
        cancelAt(pair.session, "appended");
        assertThatThrownBy(() -> pair.session.step(token)).isInstanceOf(CancelledException.class);
        pair.session.stopObserving();
        pair.checkStats(model);
        pair.step(token);
      }
      pair.checkSegments();
    }
  }

  @Test
  void aSpanIsTakenBackUntilRowsAreChosen() throws IOException {
    ChosenToyPlan plan = ChosenToyPlan.of(false, false);
    try (LoadedModel model = load(plan);
        Pair pair = open(model, plan, 0)) {
      int[] more = ToyRuntime.tokens(random, 90);
      pair.append(ToyRuntime.tokens(random, 140));
      pair.step(7);
      cancelAt(pair.session, "scored");
      assertThatThrownBy(() -> pair.session.append(Prompt.ofTokens(more)))
          .isInstanceOf(CancelledException.class);
      pair.session.stopObserving();
      pair.checkStats(model);
      pair.checkSegments();
      pair.append(more);
      cancelAt(pair.session, "chosen");
      assertThatThrownBy(() -> pair.session.append(Prompt.ofTokens(more)))
          .isInstanceOf(CancelledException.class);
      assertDamaged(pair.session);
    }
  }

  @Test
  void aFirstSpanIsAlwaysTakenBack() throws IOException {
    ChosenToyPlan plan = ChosenToyPlan.of(true, true);
    try (LoadedModel model = load(plan)) {
      for (String place : List.of("begun", "scored", "chosen")) {
        try (Pair pair = open(model, plan, 0)) {
          int[] tokens = ToyRuntime.tokens(random, 130);
          cancelAt(pair.session, place);
          assertThatThrownBy(() -> pair.session.append(Prompt.ofTokens(tokens)))
              .isInstanceOf(CancelledException.class);
          pair.session.stopObserving();
          pair.checkStats(model);
          pair.append(Arrays.copyOf(tokens, 70));
          pair.checkSegments();
        }
      }
    }
  }

  @Test
  void aStepThatChangedStateItReadEndsTheSession() throws IOException {
    ChosenToyPlan plan = ChosenToyPlan.of(false, true);
    try (LoadedModel model = load(plan);
        Pair pair = open(model, plan, 0)) {
      pair.append(1, 2, 3);
      cancelAt(pair.session, "begun");
      assertThatThrownBy(() -> pair.session.step(4)).isInstanceOf(CancelledException.class);
      pair.session.stopObserving();
      pair.step(4);
      cancelAt(pair.session, "appended");
      assertThatThrownBy(() -> pair.session.step(5)).isInstanceOf(CancelledException.class);
      assertDamaged(pair.session);
    }
  }

  @Test
  void anObserverSeesEveryChoice() throws IOException {
    ChosenToyPlan plan = ChosenToyPlan.of(true, false);
    try (LoadedModel model = load(plan);
        Pair pair = open(model, plan, 0)) {
      List<int[][]> choices = new ArrayList<>();
      pair.session.observe(
          new TraceObserver() {
            @Override
            public void observe(String name, int position, List<Integer> shape, float[] values) {}

            @Override
            public void chosen(int layer, List<Integer> heads, int[][] positions) {
              assertThat(layer).isEqualTo(1);
              assertThat(heads).containsExactly(0, 1);
              choices.add(positions);
            }
          });
      int[] tokens = ToyRuntime.tokens(random, 2 * ToyRuntime.SPAN);
      pair.append(tokens);
      assertThat(choices).hasSize(2);
      for (int i = 0; i < ChosenToyModel.TAIL - 1; i++) {
        pair.step(random.nextInt(ToyModel.POISON_TOKEN));
      }
      assertThat(choices).hasSize(2);
      pair.step(random.nextInt(ToyModel.POISON_TOKEN));
      assertThat(choices).hasSize(3);
      for (int head = 0; head < ChosenToyModel.HEADS; head++) {
        assertThat(choices.getLast()[head])
            .as("seed %d", seed)
            .containsExactly(pair.expected.kept(head).stream().mapToInt(Row::position).toArray());
      }
    }
  }

  @Test
  void moreRowsThanThereIsRoomForAreNotRead() throws IOException {
    ChosenToyPlan plan = new ChosenToyPlan(false, false, "min(floordiv(chosen_100, 4), 150)");
    try (LoadedModel model = load(plan);
        Session session = model.newSession()) {
      session.append(Prompt.ofTokens(ToyRuntime.tokens(random, 40)));
      assertThatThrownBy(session::segments)
          .isInstanceOfSatisfying(
              KvasirException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.PLAN_INCONSISTENT))
          .hasMessageContaining("segment layer.1.kept holds")
          .hasMessageContaining("where it has room for 10");
    }
  }

  private static void assertDamaged(Session session) {
    assertThatThrownBy(() -> session.step(1))
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SESSION_DAMAGED));
  }

  private static void cancelAt(Session session, String target) {
    session.observe(
        (name, position, shape, values) -> {
          if (name.equals(target)) {
            session.cancel();
          }
        });
  }
}
