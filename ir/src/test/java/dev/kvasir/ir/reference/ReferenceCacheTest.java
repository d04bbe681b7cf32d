package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.GraphParser;
import dev.kvasir.ir.graph.ops.Ops;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Rows of packed segments: where groups run, when pages close, what they are coded from. */
class ReferenceCacheTest {
  private static final int DIM = 16;

  @Test
  void groupsPerChannelRunDownRowsAndPerTokenAlongChannels() {
    // Row r holds r * c in channel c: a row is 15 steps of r, a channel 63 c in 15 steps.
    ReferenceTensor rows = tensor(64, 1, (row, column) -> row * column);
    CacheType perChannel =
        type(
            "dense f32 packed key int4(per = channel, group = 64) value int4(per = token, group = 16)",
            1);
    ReferenceCache cache = ReferenceCache.empty().append(perChannel, rows, rows);
    assertThat(cache.key(perChannel, 10, 1, RowForm.CODED)).isEqualTo(2 * 4.19921875);
    assertThat(cache.key(perChannel, 63, 1, RowForm.CODED)).isEqualTo(15 * 4.19921875);
    assertThat(cache.key(perChannel, 10, 2, RowForm.CODED)).isEqualTo(2 * 8.3984375);
    assertThat(cache.key(perChannel, 10, 0, RowForm.CODED)).isZero();
    assertThat(cache.key(perChannel, 10, 1, RowForm.STORED)).isEqualTo(10);
    for (int column = 0; column < DIM; column++) {
      assertThat(cache.value(perChannel, 10, column, RowForm.CODED)).isEqualTo(10.0 * column);
    }
    // 16 rows of one channel are 15 steps of c, from wherever they start.
    CacheType short16 =
        type(
            "dense f32 packed key int4(per = channel, group = 16) value int8(per = token, group = 16)",
            1);
    ReferenceCache shorter = ReferenceCache.empty().append(short16, rows, rows);
    for (int row = 0; row < 64; row++) {
      assertThat(shorter.key(short16, row, 7, RowForm.CODED)).isEqualTo(7.0 * row);
    }
  }

  @Test
  void headsAreCodedApart() {
    // The second head is far away: with common groups the first would lose all its detail.
    ReferenceTensor rows =
        tensor(64, 2, (row, column) -> column < DIM ? column : 10000 + 100 * (column - DIM));
    CacheType type =
        type(
            "dense f32 packed key int4(per = token, group = 16) value int4(per = token, group = 16)",
            2);
    ReferenceCache cache = ReferenceCache.empty().append(type, rows, rows);
    for (int column = 0; column < 2 * DIM; column++) {
      assertThat(cache.key(type, 5, column, RowForm.CODED)).isEqualTo(rows.at(5, column));
      assertThat(cache.value(type, 5, column, RowForm.CODED)).isEqualTo(rows.at(5, column));
    }
  }

  @Test
  void pagesCloseWithTheirLastRowAndAreReadOneRunLater() {
    HeadGroup dense = type(packed("dense bf16"), 1).groups().getFirst();
    assertThat(ReferenceCache.form(dense, 63, 63)).isEqualTo(RowForm.STORED);
    assertThat(ReferenceCache.form(dense, 63, 64)).isEqualTo(RowForm.CODED);
    assertThat(ReferenceCache.form(dense, 64, 127)).isEqualTo(RowForm.STORED);
    HeadGroup ring =
        type("sink bf16 rows 4 + " + packed("ring bf16 rows 100"), 1).groups().getFirst();
    assertThat(ReferenceCache.form(ring, 3, 1000)).isEqualTo(RowForm.STORED);
    assertThat(ReferenceCache.form(ring, 4, 67)).isEqualTo(RowForm.STORED);
    assertThat(ReferenceCache.form(ring, 4, 68)).isEqualTo(RowForm.CODED);
    assertThat(ReferenceCache.form(ring, 68, 131)).isEqualTo(RowForm.STORED);
    assertThat(ReferenceCache.form(ring, 0, 2)).isEqualTo(RowForm.STORED);
    HeadGroup unpacked = type("dense bf16", 1).groups().getFirst();
    assertThat(ReferenceCache.form(unpacked, 0, 1000)).isEqualTo(RowForm.STORED);
  }

  @Test
  void codesDoNotDependOnHowAPromptIsCut() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (String segments :
        List.of(packed("dense bf16"), "sink bf16 rows 5 + " + packed("ring bf16 rows 300"))) {
      CacheType type = type(segments, 2);
      ReferenceTensor rows = tensor(200, 2, (_, _) -> (float) random.nextGaussian());
      ReferenceCache whole = ReferenceCache.empty().append(type, rows, rows);
      ReferenceCache cut = ReferenceCache.empty();
      for (int from = 0; from < 200; ) {
        int first = from;
        int length = Math.min(200 - from, 1 + random.nextInt(90));
        ReferenceTensor span = tensor(length, 2, (row, column) -> rows.at(first + row, column));
        cut = cut.append(type, span, span);
        from += length;
      }
      HeadGroup group = type.groups().getFirst();
      int coded = 0;
      for (int row = 0; row < 200; row++) {
        RowForm form = ReferenceCache.form(group, row, 200);
        coded += form == RowForm.CODED ? 1 : 0;
        for (int column = 0; column < 2 * DIM; column++) {
          assertThat(cut.key(type, row, column, form))
              .as("seed %s, row %s", seed, row)
              .isEqualTo(whole.key(type, row, column, form))
              .isNotNaN();
          assertThat(cut.value(type, row, column, form))
              .isEqualTo(whole.value(type, row, column, form));
        }
      }
      assertThat(coded).isEqualTo(192);
    }
  }

  @Test
  void codesComeFromRoundedRows() {
    // 1.00390625 is a tie that bf16 rounds down to 1: the row becomes constant.
    ReferenceTensor rows = tensor(64, 1, (_, column) -> column == 0 ? 1.00390625 : 1);
    CacheType type = type(packed("dense bf16"), 1);
    ReferenceCache cache = ReferenceCache.empty().append(type, rows, rows);
    assertThat(cache.value(type, 0, 0, RowForm.CODED)).isEqualTo(1);
    CacheType exact = type(packed("dense f32"), 1);
    assertThat(ReferenceCache.empty().append(exact, rows, rows).value(exact, 0, 0, RowForm.CODED))
        .isGreaterThan(1);
    assertThat(ElementFormat.BF16.round((float) 1.00390625)).isEqualTo(1);
  }

  @Test
  void whatF16CannotHoldIsAnErrorOnceThePageCloses() {
    CacheType type = type(packed("dense f32"), 1);
    ReferenceTensor large = tensor(63, 1, (_, _) -> -1e6);
    ReferenceTensor one = tensor(1, 1, (_, _) -> 0);
    ReferenceCache open = ReferenceCache.empty().append(type, large, large);
    assertThatThrownBy(() -> open.append(type, one, one))
        .isInstanceOf(ArithmeticException.class)
        .hasMessage("f16 cannot hold the minimum -1000000.0");
  }

  @Test
  void aPageThatLeavesTheRingWithinASpanIsNeverCoded() {
    CacheType type = type(packed("ring f32 rows 65"), 1);
    ReferenceTensor rows = tensor(192, 1, (row, _) -> row < 64 ? -1e6 : row);
    ReferenceCache cache = ReferenceCache.empty().append(type, rows, rows);
    assertThat(cache.key(type, 63, 0, RowForm.CODED)).isNaN();
    // The last row takes its place after the span.
    assertThat(cache.key(type, 64, 0, RowForm.CODED)).isEqualTo(64);
    assertThat(cache.key(type, 128, 0, RowForm.CODED)).isEqualTo(128);
  }

  private static String packed(String segment) {
    return segment
        + " packed key int8(per = channel, group = 64) value int4(per = token, group = 16)";
  }

  private static CacheType type(String segments, int heads) {
    String text =
        "graph g { parameter %a: cache<layer 0, heads "
            + heads
            + ", key 16, value 16; [0"
            + (heads == 2 ? ", 1" : "")
            + "]: "
            + segments
            + "> return %a }";
    return (CacheType)
        GraphParser.parse(new SourceText("case", text), Ops.catalog())
            .parameters()
            .getFirst()
            .type();
  }

  private static ReferenceTensor tensor(int rows, int heads, ReferenceTensor.Element element) {
    return ReferenceTensor.of(rows, heads * DIM, element);
  }
}
