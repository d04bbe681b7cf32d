package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.SegmentSnapshot;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compensation rows in whole plans. */
final class RazorTest {
  private static final long SEED = 11;
  private static final int[] TOKENS =
      NeedlePrompt.of(new Random(SEED), 900, 400).text().chars().toArray();

  /** Tokens until the rings of {@code razor} drop their first page: a sink and two pages. */
  private static final int WHOLE = 4 + 2 * 64;

  private static final String PACKED =
      "use quantize-kv(key = int8(per = channel, group = 64), value = int4(per = token, group ="
          + " 32));";

  private static Plan plan(String heads, String more) {
    String text =
        "policy test { use group-heads(criterion = head, retrieval = [head(0, 0), head(2, 1)], "
            + heads
            + "); "
            + more
            + " }";
    return SampleModel.compile(Policy.parse(new SourceText("test.kvp", text)));
  }

  /** Spans that drop many pages at once, and steps that drop one. */
  @ParameterizedTest
  @CsvSource({
    "'sink = 4, recent = 64', false",
    "'sink = 0, recent = 1', false",
    "'sink = 4, recent = 64', true",
    "'sink = 0, recent = 129', true",
    "'sink = 70, recent = 16, reach = 10', true",
  })
  void logitsAreThoseOfTheEvaluator(String rows, boolean packed) {
    Plan plan = plan(rows + ", compensate = true", packed ? PACKED : "");
    try (Model model = Model.open(SampleModel.FOLDER);
        LoadedModel loaded = SampleModel.load(plan, SampleModel.twoThreads());
        Session session = loaded.newSession()) {
      ReferenceEvaluator evaluator = Logits.evaluator(plan, model);
      int at = 0;
      for (int part : new int[] {380, 47}) {
        int[] tokens = Arrays.copyOfRange(TOKENS, at, at + part + 14);
        Logits.requireNear(
            Logits.of(session, tokens, part),
            Logits.expected(evaluator, SampleModel.SPAN, tokens, part),
            "after %s tokens, seed %s".formatted(at, SEED));
        at += tokens.length;
      }
    }
  }

  @Test
  void isDuoAttentionToTheBitUntilAPageIsDropped() {
    LoadedModel duo = SampleModel.shared("duo-sets", "bf16");
    LoadedModel razor = SampleModel.shared("razor", "bf16");
    try (Session one = duo.newSession();
        Session two = razor.newSession()) {
      for (Session session : new Session[] {one, two}) {
        session.append(Prompt.ofTokens(Arrays.copyOf(TOKENS, WHOLE - 20)));
      }
      for (int at = WHOLE - 20; at < WHOLE; at++) {
        assertThat(two.logits()).as("after %s tokens", at).isEqualTo(one.logits());
        one.step(TOKENS[at]);
        two.step(TOKENS[at]);
      }
      assertThat(two.logits()).isEqualTo(one.logits());
      one.step(TOKENS[WHOLE]);
      two.step(TOKENS[WHOLE]);
      assertThat(two.logits()).isNotEqualTo(one.logits());
    }
  }

  /** A fork goes on as its origin would, and neither moves the other's means. */
  @Test
  void forksHaveTheirOwnRow() {
    LoadedModel model = SampleModel.shared("razor", "f32");
    try (Session alone = model.newSession();
        Session origin = model.newSession(SessionOptions.defaults().forks(1))) {
      for (Session session : new Session[] {alone, origin}) {
        session.append(Prompt.ofTokens(Arrays.copyOf(TOKENS, 300)));
      }
      try (Session fork = origin.fork()) {
        int[] other = new int[200];
        Arrays.fill(other, 'x');
        origin.append(Prompt.ofTokens(other));
        for (int at = 300; at < 400; at++) {
          alone.step(TOKENS[at]);
          fork.step(TOKENS[at]);
          assertThat(fork.logits()).as("after %s tokens", at + 1).isEqualTo(alone.logits());
        }
        assertThat(origin.logits()).isNotEqualTo(fork.logits());
      }
    }
  }

  /** A row of each streaming head, from the first dropped page on, and its bytes from the start. */
  @Test
  void whatStandsForDroppedRowsIsShown() {
    LoadedModel model = SampleModel.shared("razor", "f32");
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(Arrays.copyOf(TOKENS, WHOLE)));
      assertThat(session.cacheStats().syntheticRows()).isZero();
      assertThat(session.segments())
          .filteredOn(segment -> segment.rowBias().isPresent())
          .isNotEmpty()
          .allMatch(segment -> segment.rows() == 0);
      session.step(TOKENS[WHOLE]);
      List<SegmentSnapshot> means =
          session.segments().stream().filter(segment -> segment.rowBias().isPresent()).toList();
      int heads = means.stream().mapToInt(segment -> segment.heads().size()).sum();
      assertThat(session.cacheStats().syntheticRows()).isEqualTo(heads);
      for (SegmentSnapshot segment : means) {
        assertThat(segment.name()).endsWith(".ring.mean");
        assertThat(segment.positions()).containsOnly(SegmentSnapshot.SYNTHETIC);
        assertThat(segment.rowBias().orElseThrow()).containsOnly((float) Math.log(64));
      }
      long tables = session.cacheStats().allocatedBytes();
      for (SegmentSnapshot segment : session.segments()) {
        tables -= segment.bytes();
      }
      assertThat(tables).as("bytes that hold no rows").isBetween(0L, 4096L);
    }
  }

  @Test
  void aNewSessionHasNothingToCompensate() {
    LoadedModel model = SampleModel.shared("razor", "f32");
    float[] first;
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(Arrays.copyOf(TOKENS, 300)));
      first = session.logits();
    }
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(Arrays.copyOf(TOKENS, 300)));
      assertThat(session.logits()).isEqualTo(first);
    }
  }
}
