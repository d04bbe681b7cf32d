package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Prefill attention over closed pages of codes, an open page and the running span against the
 * definition.
 */
class PackedPrefillAttentionTest {

  private static final int CONTEXT = 300;

  private record Run(AttentionFixture fixture, PackedCache cache, PackedRuns.Results results) {}

  private static Run run(AttentionFixture fixture, int position, int span, int bits) {
    List<AttentionFixture> fixtures = List.of(fixture);
    PackedCache cache = new PackedCache(fixtures, new Random(bits + 7L * position));
    cache.fill(0, position, position, position, position + span - 1);
    return new Run(
        fixture,
        cache,
        new PackedRuns(fixture.shape, fixtures, cache, bits).prefill(position, span));
  }

  private static void attend(
      String what, AttentionFixture fixture, int position, int span, int bits) {
    Run run = run(fixture, position, span, bits);
    AttentionFixture.Rows rows = run.cache().stored(0, position, position);
    for (int token = 0; token < span; token += token % 64 < 4 ? 1 : 5) {
      fixture.check(what, run.results().out(), run.results().lse(), token, position + token, rows);
    }
  }

  private static AttentionFixture fixture(
      int group, int keyDim, int valueDim, List<CacheSegment> segments, float spread, long seed) {
    AttentionShape shape = AttentionFixture.shape(group, 2, keyDim, valueDim, segments, CONTEXT);
    return new AttentionFixture(shape, segments, CONTEXT, spread, seed);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 32, 32, dense, BF16, 4t32, 4t16, 193, 1, 512",
    "1, 32, 80, densew70, BF16, 4c64, 8t16, 128, 1, 128",
    "1, 80, 64, ring128w90, BF16, 4c32, 8t16, 129, 1, 256",
    "2, 64, 96, sink4+ring65, BF16, 8c16, 4t32, 191, 1, 512",
    "2, 80, 32, sink4+ring64, BF16, 8t16, 8t32, 127, 1, 128",
    "3, 96, 64, ring100, F32, 4c32, 4t16, 65, 1, 128",
    "4, 64, 128, sink4+ring128, BF16, 4t64, 4t16, 192, 1, 256",
    "3, 32, 32, sink4+ring64, F16, 8c32, 4t32, 193, 64, 256",
    "3, 80, 64, sink66+ring100w90, F16, 4c16, 4t64, 191, 13, 512",
    "8, 96, 96, ring60, F16, 4c64, 8t32, 207, 13, 256",
    "1, 64, 128, densew70, F32, 4c16, 4t64, 192, 13, 128",
    "4, 128, 128, sink4+ring65, F16, 8c64, 8t128, 127, 13, 512",
    "2, 96, 256, dense, F32, 4t16, 4t64, 129, 13, 256",
    "1, 32, 256, sink66+ring100w90, BF16, 8c64, 4t128, 207, 1, 128",
    "1, 128, 64, sink4+ring65, F32, 4t128, 8t64, 129, 40, 128",
    "1, 256, 64, ring100, BF16, 8t32, 8t32, 127, 49, 512",
    "6, 64, 32, sink4+ring128, F16, 8t16, 8t16, 193, 13, 512",
    "1, 128, 128, densew70, F16, 8t64, 8t16, 65, 40, 256",
    "1, 32, 128, ring60, BF16, 4t16, 4t32, 65, 49, 128",
    "1, 64, 256, ring100, F16, 4t16, 8t64, 129, 65, 512",
    "1, 128, 128, ring128w90, F16, 8c16, 4t128, 192, 40, 256",
    "4, 64, 96, sink4+ring128, F16, 8t32, 8t16, 128, 40, 128",
    "8, 96, 80, ring60, BF16, 8c32, 4t16, 128, 13, 512",
    "2, 256, 128, ring60, F32, 8t64, 8t64, 192, 1, 256",
    "1, 256, 128, sink66+ring100w90, F32, 8t128, 4t32, 193, 65, 128",
    "1, 64, 64, ring128w90, F32, 4t32, 4t32, 65, 13, 128",
    "2, 64, 64, sink4+ring64, BF16, 8c64, 4t32, 1, 64, 256",
    "4, 32, 32, dense, F16, 4t16, 8t32, 63, 40, 512",
    "3, 80, 64, dense, F32, 8c32, 8t16, 64, 13, 128",
    "1, 32, 32, ring100, BF16, 4t32, 8t32, 65, 130, 512"
  })
  void equalsTheDefinition(
      int group,
      int keyDim,
      int valueDim,
      String kind,
      ElementFormat tail,
      String keys,
      String values,
      int position,
      int span,
      int bits) {
    long seed = 1000L * position + span;
    List<CacheSegment> segments = PackedCache.segments(kind, tail, keys, values);
    AttentionFixture fixture = fixture(group, keyDim, valueDim, segments, 1, seed);
    attend("seed " + seed, fixture, position, span, bits);
  }

  /** Logits rise along rows: a padding row of the tile must not keep the others from rescaling. */
  @ParameterizedTest
  @CsvSource({"dense, 8c64, 128, 40", "sink4+ring100, 8t32, 200, 5"})
  void risingLogitsBesidePaddingRows(String kind, String keys, int position, int span) {
    List<CacheSegment> segments = PackedCache.segments(kind, ElementFormat.F32, keys, "8t32");
    AttentionFixture fixture = fixture(2, 32, 32, segments, 1, 3);
    fixture.ramp(2);
    attend("ramp", fixture, position, span, 256);
  }

  /** Groups of ones have step 0. */
  @Test
  void averagesOfOnesAreOnes() {
    List<CacheSegment> segments =
        PackedCache.segments("sink4+ring100", ElementFormat.BF16, "8c16", "4t32");
    AttentionFixture fixture = fixture(2, 32, 64, segments, 3, 5);
    fixture.setAllValues(1);
    int span = 50;
    Run run = run(fixture, 150, span, 256);
    for (int i = 0; i < span * 4 * 64; i++) {
      assertThat(run.results().out().getFloat(i)).isBetween(1 - 1e-6f, 1 + 1e-6f);
    }
  }
}
