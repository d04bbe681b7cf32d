package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prefill attention over cached rows and the running span against the definition. */
class PrefillAttentionTest {

  private static final int CONTEXT = 256;
  private static final int SPAN_PAGES = 4;
  private static final int ROW_TILE = 16;

  private record Results(KernelMemory out, KernelMemory lse) {}

  /**
   * Attends the span; rows of the activations beyond it hold NaN, as do raw rows beyond it and
   * cached rows that no query of the span sees.
   */
  private static Results run(AttentionFixture fixture, int bits, int position, int span) {
    AttentionShape shape = fixture.shape;
    int tokens = AttentionFixture.tileTokens(shape.group());
    Kernel kernel = PrefillAttention.build("prefill", shape, tokens, SPAN_PAGES);
    AttentionFixture.Cache cache = fixture.new Cache();
    cache.put(0, position, position, position + span - 1);
    Map<String, KernelMemory> memories = new HashMap<>(cache.memories);
    memories.put("table", cache.table);
    memories.put("heads", KernelMemory.ofInts(fixture.heads));
    memories.put("ordinals", KernelMemory.ofInts(IntStream.range(0, ROW_TILE).toArray()));
    memories.put("raw", raw(fixture, position, span));
    int rows = Math.ceilDiv(span, ROW_TILE) * ROW_TILE;
    int rowSize = shape.queryHeads() * shape.keyDim();
    KernelMemory q = KernelMemory.uninitialised(ElementFormat.F32, (long) rows * rowSize);
    for (int i = 0; i < span * rowSize; i++) {
      q.setFloat(i, fixture.queries[position * rowSize + i]);
    }
    memories.put("q", q);
    int heads = rows * shape.queryHeads();
    KernelMemory out =
        KernelMemory.uninitialised(ElementFormat.F32, (long) heads * shape.valueDim());
    KernelMemory lse = KernelMemory.uninitialised(ElementFormat.F32, heads);
    memories.put("out", out);
    memories.put("lse", lse);
    Map<String, Integer> dims = new HashMap<>(cache.tableDims);
    dims.put("position", position);
    dims.put("span", span);
    dims.put("first_head", fixture.firstHead);
    int tiles = Math.ceilDiv(span, tokens);
    JvmKernelRunner.run(
        kernel,
        bits,
        memories,
        new int[][] {Uniforms.dims(kernel, dims)},
        new int[] {1, shape.kvHeads(), tiles});
    return new Results(out, lse);
  }

  private static KernelMemory raw(AttentionFixture fixture, int position, int span) {
    AttentionShape shape = fixture.shape;
    KernelMemory raw =
        KernelMemory.uninitialised(
            ElementFormat.F32, (long) shape.kvHeads() * SPAN_PAGES * shape.pageElements());
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int token = 0; token < span; token++) {
        long page = (long) head * SPAN_PAGES + token / AttentionFixture.PAGE;
        long start = page * shape.pageElements();
        int row = token % AttentionFixture.PAGE;
        for (int i = 0; i < shape.keyDim(); i++) {
          raw.setFloat(
              start + (long) i * AttentionFixture.PAGE + row,
              fixture.key(position + token, head, i));
        }
        for (int i = 0; i < shape.valueDim(); i++) {
          raw.setFloat(
              start + AttentionFixture.inPage(shape.keyDim(), shape.valueDim(), row, i),
              fixture.value(position + token, head, i));
        }
      }
    }
    return raw;
  }

  private static AttentionFixture fixture(
      int group,
      int keyDim,
      int valueDim,
      String kind,
      ElementFormat format,
      float spread,
      long seed) {
    List<CacheSegment> segments = AttentionFixture.segments(kind, format);
    return new AttentionFixture(
        AttentionFixture.shape(group, 2, keyDim, valueDim, segments, CONTEXT),
        segments,
        CONTEXT,
        spread,
        seed);
  }

  private static void check(
      AttentionFixture fixture, Results results, String what, int position, int span) {
    for (int token = 0; token < span; token += token % 64 < 4 ? 1 : 5) {
      fixture.check(what, results.out(), results.lse(), token, position + token, position);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 32, 32, dense, F32, 0, 1, 128",
    "2, 64, 64, dense, BF16, 0, 65, 512",
    "3, 96, 32, dense, BF16, 63, 13, 256",
    "4, 32, 32, dense, BF16, 64, 64, 512",
    "8, 32, 32, dense, F32, 130, 17, 256",
    "4, 32, 128, dense, BF16, 207, 49, 512",
    "1, 64, 64, window, BF16, 0, 150, 512",
    "2, 32, 32, window, F32, 100, 80, 256",
    "2, 32, 32, sink+ring, BF16, 0, 207, 512",
    "3, 32, 96, sink+ring, F32, 3, 13, 128",
    "4, 32, 32, sink+ring, BF16, 64, 70, 512",
    "1, 32, 32, sink+ring, BF16, 150, 31, 256",
    "2, 64, 64, sink+ring, F32, 190, 66, 512",
    "2, 32, 32, ring, BF16, 0, 130, 256",
    "4, 32, 32, ring, F32, 65, 64, 512",
    "1, 32, 64, ring, BF16, 200, 56, 512",
    "2, 32, 32, sink+ring+window, BF16, 70, 120, 256",
    "1, 32, 32, sink+ring+window, F32, 10, 130, 512"
  })
  void equalsTheDefinition(
      int group,
      int keyDim,
      int valueDim,
      String kind,
      ElementFormat format,
      int position,
      int span,
      int bits) {
    long seed = 17L * position + span;
    AttentionFixture fixture = fixture(group, keyDim, valueDim, kind, format, 1, seed);
    check(fixture, run(fixture, bits, position, span), "seed " + seed, position, span);
  }

  /** Logits rise along the span: a padding row of NaN must not keep the others from rescaling. */
  @ParameterizedTest
  @CsvSource({"dense, 64, 100", "sink+ring, 0, 90", "ring, 70, 5"})
  void risingLogitsBesidePaddingRows(String kind, int position, int span) {
    AttentionFixture fixture = fixture(2, 32, 32, kind, ElementFormat.F32, 1, 3);
    fixture.ramp(2);
    Results results = run(fixture, 256, position, span);
    for (int token = 0; token < span; token++) {
      fixture.check("ramp", results.out(), results.lse(), token, position + token, position);
    }
  }

  @ParameterizedTest
  @CsvSource({"dense, 60, 70", "sink+ring, 70, 40"})
  void extremeLogitsStayFinite(String kind, int position, int span) {
    AttentionFixture fixture = fixture(1, 32, 32, kind, ElementFormat.F32, 55, 4);
    assertThat(fixture.attend(position + span - 1, 0, 0).largestLogit()).isGreaterThan(4000);
    check(fixture, run(fixture, 512, position, span), "extreme", position, span);
  }

  @Test
  void averagesOfOnesAreOnes() {
    AttentionFixture fixture = fixture(2, 32, 64, "sink+ring", ElementFormat.BF16, 3, 5);
    fixture.setAllValues(1);
    int span = 50;
    Results results = run(fixture, 256, 100, span);
    for (int i = 0; i < span * 4 * 64; i++) {
      assertThat(results.out().getFloat(i)).isBetween(1 - 1e-6f, 1 + 1e-6f);
    }
  }
}
