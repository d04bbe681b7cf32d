package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Decode attention over closed pages of codes and an open page against the definition. */
class PackedDecodeAttentionTest {

  private static final int CONTEXT = 300;

  private static AttentionFixture fixture(
      int group, int keyDim, int valueDim, List<CacheSegment> segments, float spread, long seed) {
    AttentionShape shape = AttentionFixture.shape(group, 2, keyDim, valueDim, segments, CONTEXT);
    return new AttentionFixture(shape, segments, CONTEXT, spread, seed);
  }

  private static void attend(
      String what, List<AttentionFixture> fixtures, int pagesPerSplit, int bits, int... tokens) {
    PackedCache cache = new PackedCache(fixtures, new Random(bits + 7L * tokens[0]));
    for (int sequence = 0; sequence < tokens.length; sequence++) {
      int query = tokens[sequence] - 1;
      cache.fill(sequence, query, query + 1, query, query);
    }
    AttentionShape shape = fixtures.getFirst().shape;
    PackedRuns.Results results =
        new PackedRuns(shape, fixtures, cache, bits).decode(pagesPerSplit, tokens);
    for (int sequence = 0; sequence < tokens.length; sequence++) {
      int query = tokens[sequence] - 1;
      fixtures
          .get(sequence)
          .check(
              what + ", sequence " + sequence,
              results.out(),
              results.lse(),
              sequence,
              query,
              cache.stored(sequence, query, query + 1));
    }
  }

  /**
   * Rows that the query does not see are NaN unless their page is seen, and so are all pages not in
   * use. The second sequence is left out where it has no tokens.
   */
  @ParameterizedTest
  @CsvSource({
    "1, 32, 32, sink4+ring128, F32, 4c64, 8t16, 207, 128, 1, 512",
    "6, 32, 64, sink66+ring100w90, F32, 4t32, 4t64, 256, 0, 1, 256",
    "4, 64, 32, ring128w90, F16, 4t32, 8t32, 191, 256, 1, 128",
    "3, 96, 32, sink4+ring65, BF16, 4c16, 4t32, 192, 0, 2, 256",
    "3, 32, 96, ring100, F32, 8c32, 4t32, 193, 191, 2, 128",
    "3, 64, 80, sink4+ring128, F16, 8t16, 4t16, 191, 0, 2, 512",
    "6, 96, 64, densew70, BF16, 8t32, 8t64, 127, 0, 2, 128",
    "8, 80, 96, dense, BF16, 4c64, 8t32, 256, 0, 2, 256",
    "2, 96, 128, sink4+ring64, F32, 4t16, 8t128, 128, 64, 2, 512",
    "1, 128, 128, sink4+ring64, F16, 4c32, 8t16, 192, 0, 1, 128",
    "6, 64, 128, ring60, F16, 8c16, 4t128, 129, 207, 2, 256",
    "4, 128, 96, sink4+ring65, F16, 4t64, 4t32, 128, 64, 1, 512",
    "4, 32, 256, ring100, BF16, 4t16, 8t16, 191, 0, 1, 256",
    "2, 256, 32, dense, F16, 8t64, 4t16, 65, 256, 1, 256",
    "2, 128, 256, ring60, F32, 8c16, 4t16, 256, 0, 1, 128",
    "8, 80, 64, ring128w90, F32, 4c32, 8t32, 256, 0, 2, 512",
    "2, 64, 256, densew70, F32, 8t32, 4t128, 65, 193, 2, 512",
    "6, 80, 128, sink66+ring100w90, F16, 4c16, 8t64, 207, 129, 2, 128",
    "1, 128, 128, densew70, F16, 4t128, 4t64, 191, 64, 1, 256",
    "8, 64, 64, ring128w90, BF16, 8c64, 4t16, 127, 0, 1, 512",
    "3, 256, 128, ring100, F16, 4t64, 8t128, 127, 0, 1, 128",
    "8, 128, 64, sink4+ring65, F32, 8t64, 8t64, 191, 0, 2, 128",
    "8, 32, 128, sink4+ring128, BF16, 8c32, 4t64, 129, 0, 2, 512",
    "6, 128, 64, sink4+ring65, F32, 8t128, 8t16, 129, 0, 1, 512",
    "4, 256, 64, ring60, BF16, 4t128, 8t64, 193, 0, 1, 128",
    "1, 96, 80, sink66+ring100w90, F32, 8c64, 8t16, 256, 63, 2, 128",
    "4, 80, 256, sink4+ring64, BF16, 8t16, 8t128, 193, 0, 1, 128",
    "8, 64, 96, dense, F32, 4c16, 4t16, 129, 0, 1, 512",
    "8, 32, 128, ring128w90, F32, 8t16, 8t64, 193, 256, 2, 256",
    "1, 256, 128, sink66+ring100w90, BF16, 8t128, 4t128, 191, 0, 1, 256",
    "3, 128, 256, ring60, F16, 4c64, 4t64, 127, 63, 1, 128",
    "6, 32, 128, dense, BF16, 4c32, 8t128, 127, 191, 1, 256",
    "3, 32, 80, sink4+ring64, F16, 8t32, 4t16, 207, 0, 1, 256",
    "8, 96, 128, densew70, BF16, 8c16, 8t32, 207, 0, 1, 512",
    "2, 80, 64, sink4+ring128, F16, 8c64, 4t32, 193, 0, 2, 256",
    "3, 80, 128, densew70, F16, 4t16, 4t32, 256, 0, 2, 128",
    "1, 64, 96, ring100, F32, 4t64, 8t16, 65, 0, 2, 256",
    "1, 128, 256, ring60, BF16, 4t32, 8t64, 191, 0, 2, 512",
    "1, 80, 32, sink4+ring64, F16, 8c32, 8t16, 128, 127, 2, 256",
    "1, 64, 64, ring60, BF16, 8t64, 4t32, 65, 191, 2, 512",
    "2, 256, 80, sink66+ring100w90, F32, 4t128, 4t16, 193, 0, 1, 512",
    "4, 96, 96, ring128w90, BF16, 4c32, 4t32, 128, 207, 1, 128",
    "4, 128, 256, densew70, F16, 8t128, 4t32, 129, 127, 1, 128",
    "2, 32, 256, ring100, F16, 4c16, 4t128, 256, 191, 2, 128",
    "2, 64, 64, sink4+ring64, BF16, 8c64, 4t32, 1, 0, 1, 256",
    "4, 32, 32, dense, F16, 4t16, 8t32, 63, 257, 2, 512",
    "3, 80, 64, dense, F32, 8c32, 8t16, 64, 65, 1, 128",
    "1, 64, 32, densew70, BF16, 4c64, 4t16, 193, 300, 2, 512"
  })
  void equalsTheDefinition(
      int group,
      int keyDim,
      int valueDim,
      String kind,
      ElementFormat tail,
      String keys,
      String values,
      int tokens,
      int second,
      int pagesPerSplit,
      int bits) {
    long seed = 1000L * keyDim + tokens;
    List<CacheSegment> segments = PackedCache.segments(kind, tail, keys, values);
    AttentionFixture first = fixture(group, keyDim, valueDim, segments, 1, seed);
    if (second == 0) {
      attend("seed " + seed, List.of(first), pagesPerSplit, bits, tokens);
    } else {
      AttentionFixture other = fixture(group, keyDim, valueDim, segments, 1, seed + 1);
      attend("seed " + seed, List.of(first, other), pagesPerSplit, bits, tokens, second);
    }
  }

  @ParameterizedTest
  @CsvSource({"dense, 8c64, 200", "dense, 4t32, 140", "sink4+ring100, 8t16, 260"})
  void extremeLogitsStayFinite(String kind, String keys, int tokens) {
    List<CacheSegment> segments = PackedCache.segments(kind, ElementFormat.F32, keys, "8t32");
    AttentionFixture fixture = fixture(2, 32, 32, segments, 55, 77);
    assertThat(fixture.attend(tokens - 1, 0, 0).largestLogit()).isGreaterThan(4000);
    attend("seed 77", List.of(fixture), 1, 512, tokens);
  }

  /** Groups of ones have step 0. */
  @ParameterizedTest
  @CsvSource({"dense, 8t16, 191", "sink4+ring100, 4t64, 207", "dense, 4t32, 65"})
  void averagesOfOnesAreOnes(String kind, String values, int tokens) {
    List<CacheSegment> segments = PackedCache.segments(kind, ElementFormat.BF16, "4c32", values);
    AttentionFixture fixture = fixture(4, 32, 64, segments, 3, 5);
    fixture.setAllValues(1);
    List<AttentionFixture> fixtures = List.of(fixture);
    PackedCache cache = new PackedCache(fixtures, new Random(5));
    cache.fill(0, tokens - 1, tokens, tokens - 1, tokens - 1);
    PackedRuns.Results results =
        new PackedRuns(fixture.shape, fixtures, cache, 256).decode(1, tokens);
    for (float number : results.out().toFloats()) {
      assertThat(number).isBetween(1 - 1e-6f, 1 + 1e-6f);
    }
  }
}
