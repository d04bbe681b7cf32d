package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.runtime.toy.PackedToyModel;
import dev.kvasir.runtime.toy.PackedToyPlan;
import dev.kvasir.runtime.toy.ToyModel;
import dev.kvasir.runtime.toy.ToyPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Forks of sessions with all rows and rings, packed and not. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ForkTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  @TempDir private Path folder;

  private enum Kind {
    PLAIN,
    PACKED;

    int next(int... tokens) {
      return switch (this) {
        case PLAIN -> ToyModel.next(tokens);
        case PACKED -> PackedToyModel.next(tokens);
      };
    }

    /** {@return the bytes of the full pages after so many tokens: those that a fork shares} */
    long fullPageBytes(int tokens) {
      int ringRows = Math.max(0, tokens - 4);
      return switch (this) {
        case PLAIN -> {
          int held = Math.min((ringRows + 63) / 64, ToyModel.RING_SLOTS);
          int full = ringRows % 64 == 0 ? held : held - 1;
          yield tokens / 64 * 2L * ToyPlan.FULL_PAGE_BYTES + full * ToyPlan.RING_PAGE_BYTES;
        }
        case PACKED ->
            tokens / 64 * 2L * PackedToyPlan.FULL_PAGE_BYTES
                + Math.min(ringRows / 64, PackedToyModel.RING_SLOTS)
                    * PackedToyPlan.RING_PAGE_BYTES;
      };
    }
  }

  /** A session and what it has read. */
  private static final class Reader implements AutoCloseable {
    private final Session session;
    private int[] tokens;

    Reader(Session session, int... tokens) {
      this.session = session;
      this.tokens = tokens;
    }

    void append(int... more) {
      session.append(Prompt.ofTokens(more));
      tokens = ToyRuntime.joined(tokens, more);
    }

    void step(int token) {
      session.step(token);
      tokens = ToyRuntime.joined(tokens, token);
    }

    Reader fork() {
      return new Reader(session.fork(), tokens);
    }

    @Override
    public void close() {
      session.close();
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aForkGoesOnLikeASessionThatReadEverything(Kind kind) throws IOException {
    try (LoadedModel model = load(kind)) {
      for (int count : new int[] {1, 4, 63, 64, 68, 128, 132, 196, 300}) {
        int[] prefix = ToyRuntime.tokens(random, count);
        int[] more = ToyRuntime.tokens(random, 130);
        try (Reader parent = new Reader(model.newSession(SessionOptions.defaults().forks(1)))) {
          parent.append(prefix);
          try (Reader fork = parent.fork();
              Session whole = model.newSession()) {
            assertThat(fork.session.position()).isEqualTo(count);
            assertThat(fork.session.logits()).containsExactly(parent.session.logits());
            assertThat(fork.session.greedyToken()).isEqualTo(parent.session.greedyToken());
            whole.append(Prompt.ofTokens(prefix));
            for (int token : more) {
              fork.step(token);
              whole.step(token);
              if (!Arrays.equals(fork.session.logits(), whole.logits())) {
                throw new AssertionError(
                    "seed %d, %d tokens, fork at %d".formatted(seed, fork.tokens.length, count));
              }
            }
            check(kind, fork);
            assertSameRows(parent.session.segments(), segments(model, prefix));
            assertSameRows(fork.session.segments(), whole.segments());
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aFamilyDoesNotDisturbEachOther(Kind kind) throws IOException {
    try (LoadedModel model = load(kind)) {
      int most = 5;
      List<Reader> family = new ArrayList<>();
      family.add(new Reader(model.newSession(SessionOptions.defaults().forks(most - 1))));
      family.getFirst().append(ToyRuntime.tokens(random, 1 + random.nextInt(200)));
      for (int round = 0; round < 250; round++) {
        Reader reader = family.get(random.nextInt(family.size()));
        int room = ToyRuntime.CONTEXT - reader.tokens.length;
        switch (random.nextInt(8)) {
          case 0 -> {
            if (family.size() < most) {
              family.add(reader.fork());
            }
          }
          case 1 -> {
            if (family.size() > 1) {
              reader.close();
              family.remove(reader);
            }
          }
          case 2 -> {
            if (room >= 200) {
              reader.append(ToyRuntime.tokens(random, 1 + random.nextInt(199)));
            }
          }
          case 3 -> {
            // To where the last page is full.
            int missing = 64 - reader.tokens.length % 64;
            if (room >= missing) {
              reader.append(ToyRuntime.tokens(random, missing));
            }
          }
          default -> {
            if (room > 0) {
              reader.step(random.nextInt(ToyModel.POISON_TOKEN));
            }
          }
        }
        family.forEach(one -> check(kind, one));
        long alone =
            family.stream().mapToLong(one -> one.session.cacheStats().allocatedBytes()).sum();
        long shared =
            family.stream().mapToLong(one -> one.session.cacheStats().sharedBytes()).sum();
        long together = family.getFirst().session.familyBytes();
        assertThat(together).as("seed %d", seed).isBetween(alone - shared, alone);
        assertThat(family).allMatch(one -> one.session.familyBytes() == together);
      }
      family.forEach(Reader::close);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void bytesAreThoseOfThePages(Kind kind) throws IOException {
    try (LoadedModel model = load(kind)) {
      for (int count : new int[] {0, 1, 4, 5, 64, 68, 100, 128, 250, 388, 500}) {
        try (Reader parent = new Reader(model.newSession(SessionOptions.defaults().forks(2)))) {
          if (count > 0) {
            parent.append(ToyRuntime.tokens(random, count));
          }
          long formula = formula(model, count);
          assertThat(parent.session.familyBytes()).isEqualTo(formula);
          long full = kind.fullPageBytes(count);
          Reader first = parent.fork();
          Reader second = first.fork();
          for (Reader one : List.of(parent, first, second)) {
            assertThat(one.session.cacheStats().allocatedBytes())
                .as("%d tokens", count)
                .isEqualTo(formula);
            assertThat(one.session.cacheStats().sharedBytes()).isEqualTo(full);
            assertThat(one.session.familyBytes()).isEqualTo(3 * formula - 2 * full);
          }
          first.append(ToyRuntime.tokens(random, 500));
          assertThat(first.session.cacheStats().allocatedBytes())
              .isEqualTo(formula(model, count + 500));
          second.close();
          // What was in rings has been copied before it was overwritten.
          long dense = count / 64 * 2L * densePageBytes(kind);
          assertThat(first.session.cacheStats().sharedBytes()).isEqualTo(dense);
          assertThat(parent.session.cacheStats().sharedBytes()).isEqualTo(dense);
          assertThat(parent.session.familyBytes())
              .isEqualTo(formula + formula(model, count + 500) - dense);
          first.close();
          assertThat(parent.session.cacheStats().sharedBytes()).isZero();
          assertThat(parent.session.familyBytes()).isEqualTo(formula);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void manyForksInParallelSayWhatEachSaysAlone(Kind kind) throws Exception {
    int forks = 64;
    int[] prefix = ToyRuntime.tokens(random, 150);
    try (LoadedModel model = load(kind);
        Reader parent = new Reader(model.newSession(SessionOptions.defaults().forks(forks)));
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      parent.append(prefix);
      List<Callable<Boolean>> tasks = new ArrayList<>();
      for (int i = 0; i < forks; i++) {
        Reader fork = parent.fork();
        int[] more = ToyRuntime.tokens(random, 20 + random.nextInt(150));
        tasks.add(
            () -> {
              try (fork) {
                fork.append(Arrays.copyOf(more, 15));
                for (int step = 15; step < more.length; step++) {
                  fork.step(more[step]);
                  check(kind, fork);
                }
                return Arrays.equals(fork.tokens, ToyRuntime.joined(prefix, more));
              }
            });
      }
      for (Future<Boolean> task : threads.invokeAll(tasks)) {
        assertThat(task.get()).as("seed %d", seed).isTrue();
      }
      check(kind, parent);
      assertThat(parent.session.familyBytes()).isEqualTo(formula(model, prefix.length));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void familiesCloseInAnyOrder(Kind kind) throws IOException {
    int[][] orders = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    try (LoadedModel model = load(kind)) {
      for (int[] order : orders) {
        Reader parent = new Reader(model.newSession(SessionOptions.defaults().forks(2)));
        parent.append(ToyRuntime.tokens(random, 100));
        Reader child = parent.fork();
        child.append(ToyRuntime.tokens(random, 100));
        List<Reader> family = List.of(parent, child, child.fork());
        for (int i = 0; i < order.length; i++) {
          for (int open = i; open < order.length; open++) {
            Reader reader = family.get(order[open]);
            reader.step(random.nextInt(ToyModel.POISON_TOKEN));
            check(kind, reader);
          }
          Reader last = family.get(order[2]);
          if (i == 2) {
            assertThat(last.session.familyBytes()).isEqualTo(formula(model, last.tokens.length));
          }
          family.get(order[i]).close();
        }
      }
    }
  }

  @Test
  void roomIsReservedWhenTheSessionOpens() throws IOException {
    try (LoadedModel model = load(Kind.PLAIN);
        Session alone = model.newSession();
        Session parent = model.newSession(SessionOptions.defaults().forks(2))) {
      assertThat(parent.reservedBytes()).isEqualTo(3 * alone.reservedBytes());
      long cache = alone.cacheStats().reservedBytes();
      assertThat(parent.cacheStats().reservedBytes()).isEqualTo(3 * cache);
      assertRefused(ErrorCode.FORKS_EXHAUSTED, alone, "open it with SessionOptions.forks");
      Session first = parent.fork();
      try (Session second = first.fork()) {
        assertThat(second.cacheStats().reservedBytes()).isEqualTo(3 * cache);
        String problem = "all 3 sessions that there is room for are open; close one of them";
        assertRefused(ErrorCode.FORKS_EXHAUSTED, second, problem);
        assertRefused(ErrorCode.FORKS_EXHAUSTED, parent, problem);
        first.close();
        parent.fork().close();
        second.fork().close();
      }
      SessionOptions little = SessionOptions.defaults().memoryLimit(3 * cache);
      assertThatThrownBy(() -> model.newSession(little.forks(2)))
          .isInstanceOfSatisfying(
              KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OUT_OF_MEMORY))
          .hasMessageContaining("for a session and 2 forks")
          .hasMessageContaining("or fewer forks");
      model.newSession(little).close();
    }
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    for (int forks : new int[] {-1, SessionOptions.MAX_FORKS + 1}) {
      assertThatThrownBy(() -> SessionOptions.defaults().forks(forks))
          .isInstanceOfSatisfying(
              KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OPTION_INVALID))
          .hasMessageContaining("runs from 0 to 4095, got " + forks);
    }
    SessionOptions both = SessionOptions.defaults().forks(3).memoryLimit(5);
    assertThat(both.forks()).isEqualTo(3);
    assertThat(both.forks(4).memoryLimit()).hasValue(5);
  }

  @Test
  void aForkReadsTheTokenThatWasLeftUnread() throws IOException {
    int[] prompt = ToyRuntime.tokens(random, 70);
    try (LoadedModel model = load(Kind.PLAIN);
        Session parent = model.newSession(SessionOptions.defaults().forks(1))) {
      Sampling one = Sampling.greedy().maxTokens(1);
      int first = parent.generate(Prompt.ofTokens(prompt), one, token -> {}).tokens().getFirst();
      try (Session fork = parent.fork()) {
        fork.append(Prompt.ofTokens(9));
        assertThat(fork.position()).isEqualTo(72);
        assertThat(fork.greedyToken())
            .as("seed %d", seed)
            .isEqualTo(ToyModel.next(ToyRuntime.joined(prompt, first, 9)));
        assertThat(parent.position()).isEqualTo(70);
      }
    }
  }

  @Test
  void onlySoundOpenSessionsFork() throws IOException {
    try (LoadedModel model = load(Kind.PLAIN)) {
      Session parent = model.newSession(SessionOptions.defaults().forks(2));
      parent.append(Prompt.of("a"));
      Session fork = parent.fork();
      assertThatThrownBy(() -> fork.step(ToyModel.POISON_TOKEN))
          .isInstanceOf(KernelException.class);
      assertRefused(ErrorCode.SESSION_DAMAGED, fork, "open a new session");
      parent.step('b');
      assertThat(parent.greedyToken()).isEqualTo(ToyModel.next('a', 'b'));
      parent.observe(
          (name, position, shape, values) ->
              assertRefused(ErrorCode.SESSION_BUSY, parent, "the session is in use"));
      parent.step('c');
      parent.close();
      assertRefused(ErrorCode.CLOSED, parent, "the session is closed");
      assertThatThrownBy(model::close)
          .isInstanceOfSatisfying(
              KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SESSIONS_OPEN));
      fork.close();
    }
  }

  private LoadedModel load(Kind kind) throws IOException {
    Path model = ToyModel.write(folder.resolve("model"));
    Plan plan =
        switch (kind) {
          case PLAIN -> ToyPlan.of(model, ToyRuntime.CONTEXT, ToyRuntime.SPAN);
          case PACKED -> PackedToyPlan.of(model, ToyRuntime.CONTEXT, ToyRuntime.SPAN);
        };
    return LoadedModel.load(plan, model, ToyRuntime.options(folder).threads(2));
  }

  private void check(Kind kind, Reader reader) {
    assertThat(reader.session.greedyToken())
        .as("seed %d, %d tokens", seed, reader.tokens.length)
        .isEqualTo(kind.next(reader.tokens));
  }

  private static void assertSameRows(List<SegmentSnapshot> some, List<SegmentSnapshot> others) {
    assertThat(some).hasSameSizeAs(others);
    for (int i = 0; i < some.size(); i++) {
      SegmentSnapshot one = some.get(i);
      SegmentSnapshot other = others.get(i);
      assertThat(one.name()).isEqualTo(other.name());
      assertThat(Arrays.equals(one.positions(), other.positions())).isTrue();
      assertThat(Arrays.equals(one.keys(), other.keys())).isTrue();
      assertThat(Arrays.equals(one.values(), other.values())).isTrue();
      assertThat(one.packed().map(PackedRows::rows))
          .isEqualTo(other.packed().map(PackedRows::rows));
      assertThat(one.bytes()).isEqualTo(other.bytes());
    }
  }

  private static List<SegmentSnapshot> segments(LoadedModel model, int[] tokens) {
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(tokens));
      return session.segments();
    }
  }

  private static long formula(LoadedModel model, int tokens) {
    Plan plan = model.plan();
    long[] counters = new long[CounterIndex.PROGRAM_COUNTERS.size()];
    CounterIndex.set(counters, ToyRuntime.CONTEXT, ToyRuntime.SPAN, tokens, 0);
    return plan.memory()
        .kvBytes()
        .compile(CounterIndex.ofProgram(plan.program()))
        .evaluate(counters);
  }

  private static long densePageBytes(Kind kind) {
    return switch (kind) {
      case PLAIN -> ToyPlan.FULL_PAGE_BYTES;
      case PACKED -> PackedToyPlan.FULL_PAGE_BYTES;
    };
  }

  private static void assertRefused(ErrorCode code, Session session, String problem) {
    assertThatThrownBy(session::fork)
        .isInstanceOfSatisfying(KvasirException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(problem);
  }
}
