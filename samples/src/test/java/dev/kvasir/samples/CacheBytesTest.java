package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Allocated cache bytes: what a session reports, what its plan promised, what the rules say. */
final class CacheBytesTest {
  private static final int PAGE_ROWS = 64;
  private static final int LAYERS = 4;
  private static final int HEADS = 2;
  private static final int STEPS = 330;

  /** Rows that two layers merge at a time. */
  private static final int MERGED_ROWS = 128;

  /** 64 rows of a key and a value of 32 elements in bf16. */
  private static final long PAGE_BYTES = PAGE_ROWS * (32 + 32) * 2L;

  /** 64 rows of int8 keys and int4 values; a step and a minimum a channel and a row, in f16. */
  private static final long PACKED_BYTES = PAGE_ROWS * (32 + 32 / 2) + 2 * 2 * (32L + PAGE_ROWS);

  /** A compensation row: a key and a value in f32. */
  private static final long MEAN_BYTES = (32 + 32) * 4L;

  /** A page table entry is a 32-bit number. */
  private static final long ENTRY_BYTES = 4;

  @ParameterizedTest
  @CsvSource({
    "full, 8, 1, 0",
    "streaming, 0, 64, 0",
    "zigzag-sets, 4, 128, 0",
    "duo-sets, 4, 64, 0",
    "razor, 4, 64, 4"
  })
  void allocatedBytesFollowTheFormulaAfterEveryStep(
      String policy, int denseHeads, int recent, int meanRows) {
    LoadedModel model = SampleModel.shared(policy, "bf16");
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens('I'));
      for (int tokens = 1; tokens <= STEPS; tokens++) {
        long allocated = session.cacheStats().allocatedBytes();
        assertThat(allocated)
            .as("after %s tokens", tokens)
            .isEqualTo(promised(model.plan(), tokens));
        assertThat(allocated)
            .as("after %s tokens", tokens)
            .isEqualTo(rule(denseHeads, recent, tokens) + meanRows * MEAN_BYTES);
        session.step(session.greedyToken());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "full, 8, 1, 0",
    "streaming, 0, 64, 0",
    "zigzag-sets, 4, 128, 0",
    "duo-sets, 4, 64, 0",
    "razor, 4, 64, 4"
  })
  void aPromptAllocatesWhatItsTokensWouldOneByOne(
      String policy, int denseHeads, int recent, int meanRows) {
    LoadedModel model = SampleModel.shared(policy, "bf16");
    for (int length : new int[] {3, 4, 5, 68, 69, 230}) {
      try (Session session = model.newSession()) {
        session.append(Prompt.ofTokens(new int[length]));
        assertThat(session.cacheStats().allocatedBytes())
            .as("after a prompt of %s", length)
            .isEqualTo(rule(denseHeads, recent, length) + meanRows * MEAN_BYTES);
      }
    }
  }

  /** Packed pages for what is full, an open page in bf16 for the rest, sinks in bf16. */
  @Test
  void packedBytesFollowTheFormulaAfterEveryStep() {
    LoadedModel model = SampleModel.shared("zigzag-k8v4", "bf16");
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens('I'));
      for (int tokens = 1; tokens <= STEPS; tokens++) {
        long allocated = session.cacheStats().allocatedBytes();
        assertThat(allocated)
            .as("after %s tokens", tokens)
            .isEqualTo(promised(model.plan(), tokens));
        assertThat(allocated).as("after %s tokens", tokens).isEqualTo(packedRule(tokens));
        session.step(session.greedyToken());
      }
    }
    for (int length : new int[] {4, 5, 63, 64, 65, 67, 68, 69, 128, 132, 196, 197, 230}) {
      try (Session session = model.newSession()) {
        session.append(Prompt.ofTokens(new int[length]));
        assertThat(session.cacheStats().allocatedBytes())
            .as("after a prompt of %s", length)
            .isEqualTo(packedRule(length));
      }
    }
  }

  /** Two of the four layers share directions, of which the norms of both lie beside them, once. */
  @Test
  void mergedBytesFollowTheFormulaAfterEveryStep() {
    LoadedModel model = SampleModel.shared("minicache", "bf16");
    for (int prompt : new int[] {1, 60, 230}) {
      try (Session session = model.newSession()) {
        session.append(Prompt.ofTokens(new int[prompt]));
        int mark = prompt;
        for (int tokens = prompt; tokens <= 400; tokens++) {
          mark += tokens - mark == MERGED_ROWS ? MERGED_ROWS : 0;
          assertThat(session.cacheStats().allocatedBytes())
              .as("after %s tokens, %s of them merged", tokens, mark)
              .isEqualTo(mergedRule(tokens, mark));
          session.step(session.greedyToken());
        }
      }
    }
  }

  private static long mergedRule(int tokens, int mark) {
    long dense = pages(tokens) * PAGE_BYTES;
    long norms = PAGE_ROWS * 4 * 2L;
    long positions = PAGE_ROWS * 4L;
    int retained = (mark + 19) / 20;
    long shared = pages(mark) * (PAGE_BYTES + norms);
    long own = pages(retained) * (PAGE_BYTES + positions) + pages(tokens - mark) * PAGE_BYTES;
    // Both layers have a table for a page of retained rows, one of their positions, two of a tail.
    long entries = SampleModel.CONTEXT / PAGE_ROWS * (2 + 2) + 2 * (1 + 1 + 2);
    return HEADS * (2 * dense + shared + 2 * own + entries * ENTRY_BYTES);
  }

  private static int pages(int rows) {
    return (rows + PAGE_ROWS - 1) / PAGE_ROWS;
  }

  /** Half of the heads are dense; the rings keep 128 rows: two packed pages and an open one. */
  private static long packedRule(int tokens) {
    int heads = LAYERS * HEADS / 2;
    int ringRows = Math.max(0, tokens - SampleModel.SINK);
    long dense = tokens / PAGE_ROWS * PACKED_BYTES + PAGE_BYTES;
    long ring =
        Math.min(ringRows / PAGE_ROWS, 2) * PACKED_BYTES + Math.min(ringRows, 1) * PAGE_BYTES;
    long entries = SampleModel.CONTEXT / PAGE_ROWS + 1 + 1 + 2 + 1;
    return heads * (dense + PAGE_BYTES + ring + entries * ENTRY_BYTES);
  }

  /** {@return cache bytes that a plan promises} */
  static long promised(Plan plan, int tokens) {
    Manifest manifest = plan.manifest();
    CompiledExpression bytes =
        plan.memory().kvBytes().compile(CounterIndex.ofProgram(plan.program()));
    long[] counters = new long[CounterIndex.PROGRAM_COUNTERS.size()];
    CounterIndex.set(counters, manifest.context(), manifest.span(), tokens, 0);
    return bytes.evaluate(counters);
  }

  /**
   * Dense heads hold every page; the others one page of sink rows and a ring of the recent rows'
   * pages and an open one. Tables have an entry for each page that could be held.
   */
  private static long rule(int denseHeads, int recent, int tokens) {
    int streamingHeads = LAYERS * HEADS - denseHeads;
    int ringSlots = Math.ceilDiv(recent, PAGE_ROWS) + 1;
    int ringRows = Math.max(0, tokens - SampleModel.SINK);
    long dense = Math.ceilDiv(tokens, PAGE_ROWS);
    long streaming = 1L + Math.min(Math.ceilDiv(ringRows, PAGE_ROWS), ringSlots);
    long denseEntries = Math.ceilDiv(SampleModel.CONTEXT, PAGE_ROWS);
    return denseHeads * (dense * PAGE_BYTES + denseEntries * ENTRY_BYTES)
        + streamingHeads * (streaming * PAGE_BYTES + (1 + ringSlots) * ENTRY_BYTES);
  }
}
