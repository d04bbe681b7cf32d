package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Streaming heads with a compensation row, from the first token on, written and attended as a
 * plan's program does. What a ring overwrites is read out of it before and summed here in double
 * precision; attention is that of the other rows, computed by its definition, joined with one row
 * of weight N.
 */
class CompensatedAttentionTest {

  private static final int CONTEXT = 640;
  private static final int PAGE = AttentionFixture.PAGE;

  /** A plain cache where {@code codes} is {@code none}. */
  private static List<CacheSegment> segments(String kind, ElementFormat format, String codes) {
    if (codes.equals("none")) {
      return PackedCache.segments(kind, format, "8c64", "8t16").stream()
          .map(segment -> CacheSegment.of(segment.kind(), format, segment.rows(), segment.window()))
          .toList();
    }
    String[] sides = codes.split("/");
    return PackedCache.segments(kind, format, sides[0], sides[1]);
  }

  private static AttentionShape shape(
      int group, int keyDim, int valueDim, List<CacheSegment> segments, boolean compensated) {
    AttentionShape plain = AttentionFixture.shape(group, 2, keyDim, valueDim, segments, CONTEXT);
    return new AttentionShape(
        plain.queryHeads(),
        plain.kvHeads(),
        keyDim,
        valueDim,
        plain.scale(),
        plain.segments(),
        CONTEXT,
        compensated);
  }

  /** One cache, what is written to it, and the sums of what it has dropped. */
  private static final class Life {
    final AttentionFixture fixture;
    final CacheSegment ring;
    final PackedCache cache;
    final PackedRuns runs;
    final Random random;
    final String what;
    final KernelMemory means;
    final Map<Integer, Integer> pageOfSlot = new HashMap<>();
    final double[][] keySums;
    final double[][] valueSums;
    int gone;
    int position;

    Life(AttentionFixture fixture, int bits, long seed) {
      this.fixture = fixture;
      this.ring = fixture.segments.getLast();
      this.random = new Random(seed);
      this.cache = new PackedCache(List.of(fixture), random);
      this.runs = new PackedRuns(fixture.shape, List.of(fixture), cache, bits);
      this.what = "seed " + seed;
      AttentionShape shape = fixture.shape;
      int row = shape.keyDim() + shape.valueDim();
      float[] zeros = new float[PackedRuns.FIRST_MEAN + shape.kvHeads() * row + 3];
      for (int i = 0; i < zeros.length; i++) {
        boolean used = i >= PackedRuns.FIRST_MEAN && i < zeros.length - 3;
        zeros[i] = used ? 0 : Float.NaN;
      }
      this.means = KernelMemory.ofFloats(ElementFormat.F32, zeros);
      cache.memories.put("means", means);
      this.keySums = new double[shape.kvHeads()][shape.keyDim()];
      this.valueSums = new double[shape.kvHeads()][shape.valueDim()];
    }

    boolean isPacked() {
      return ring.packing().isPresent();
    }

    int inRing(int tokens) {
      return Math.max(0, tokens - fixture.sink);
    }

    /** A page gets a slot: what was there is gone, its rows as {@code rows} has them. */
    void take(int page, AttentionFixture.Rows rows) {
      Integer before = pageOfSlot.put(page % cache.slots(ring), page);
      if (before == null || before == page) {
        return;
      }
      for (int row = before * PAGE; row < (before + 1) * PAGE; row++) {
        for (int head = 0; head < keySums.length; head++) {
          for (int i = 0; i < keySums[head].length; i++) {
            keySums[head][i] += rows.key(fixture.sink + row, head, i);
          }
          for (int i = 0; i < valueSums[head].length; i++) {
            valueSums[head][i] += rows.value(fixture.sink + row, head, i);
          }
        }
      }
      gone += PAGE;
    }

    void expelRun(int span) {
      AttentionFixture.Rows rows = cache.stored(0, position, position);
      int from = inRing(position);
      int to = inRing(position + span);
      for (int row = from; row < to; row++) {
        if (!isPacked()) {
          take(row / PAGE, rows);
        } else if (row % PAGE == PAGE - 1 && row + 1 < to) {
          take(row / PAGE, rows);
        }
      }
      runs.expelRun(position, span);
    }

    void prefill(int span, boolean attends) {
      if (attends) {
        PackedRuns.Results results = runs.prefill(position, span);
        AttentionFixture.Rows rows = cache.stored(0, position, position);
        for (int token = 0; token < span; token += token % 64 < 3 ? 1 : 9) {
          check(results, token, position + token, rows);
        }
      }
      expelRun(span);
      runs.writeSpan(position, span, random);
      end(span);
    }

    void step(boolean attends) {
      expelRun(1);
      runs.writeStep(position);
      if (attends) {
        check(runs.decode(2, position + 1), 0, position, cache.stored(0, position, position + 1));
      }
      end(1);
    }

    private void end(int span) {
      position += span;
      int rows = inRing(position);
      if (isPacked() && rows > 0 && rows % PAGE == 0) {
        take(rows / PAGE - 1, cache.stored(0, position, position));
      }
      runs.expelForFullPage(position);
      runs.closeFullPages(position, random);
      requireMeans();
    }

    private void requireMeans() {
      AttentionShape shape = fixture.shape;
      int row = shape.keyDim() + shape.valueDim();
      for (int listed = 0; listed < shape.kvHeads(); listed++) {
        int head = fixture.heads[fixture.firstHead + listed];
        int start = PackedRuns.FIRST_MEAN + listed * row;
        for (int i = 0; i < row; i++) {
          double sum = i < shape.keyDim() ? keySums[head][i] : valueSums[head][i - shape.keyDim()];
          assertThat((double) means.getFloat(start + i))
              .as("%s, %d tokens, head %d, element %d of the means", what, position, head, i)
              .isCloseTo(gone == 0 ? 0 : sum / gone, within(2e-6));
        }
      }
    }

    private void check(PackedRuns.Results results, int row, int query, AttentionFixture.Rows rows) {
      AttentionShape shape = fixture.shape;
      for (int head = 0; head < shape.queryHeads(); head++) {
        int kvHead = head / shape.group();
        AttentionFixture.Expected others = fixture.attend(query, head, rows);
        double logit = 0;
        for (int i = 0; i < shape.keyDim() && gone > 0; i++) {
          int at = (query * shape.queryHeads() + head) * shape.keyDim() + i;
          logit += shape.scale() * fixture.queries[at] * keySums[kvHead][i] / gone;
        }
        double biased = gone == 0 ? Double.NEGATIVE_INFINITY : logit + Math.log(gone);
        double most = Math.max(biased, others.lse());
        double lse = most + Math.log(Math.exp(biased - most) + Math.exp(others.lse() - most));
        double bar = 1e-5 + 0x1p-22 * Math.max(others.largestLogit(), Math.abs(logit));
        double error = 0;
        double norm = 0;
        for (int i = 0; i < shape.valueDim(); i++) {
          double expected = Math.exp(others.lse() - lse) * others.output()[i];
          if (gone > 0) {
            expected += Math.exp(biased - lse) * valueSums[kvHead][i] / gone;
          }
          long at = ((long) row * shape.queryHeads() + head) * shape.valueDim() + i;
          error += Math.pow(results.out().getFloat(at) - expected, 2);
          norm += expected * expected;
        }
        assertThat(Math.sqrt(error / norm))
            .as("%s, position %d, query head %d, %d rows gone", what, query, head, gone)
            .isLessThanOrEqualTo(bar);
        assertThat((double) results.lse().getFloat((long) row * shape.queryHeads() + head))
            .as("%s, position %d, query head %d", what, query, head)
            .isCloseTo(lse, within(bar * Math.max(1, Math.abs(lse))));
      }
    }
  }

  private static AttentionFixture fixture(AttentionShape shape, List<CacheSegment> segments) {
    return new AttentionFixture(shape, segments, CONTEXT + PAGE, 1, 97L * shape.keyDim());
  }

  @ParameterizedTest
  @CsvSource({
    "sink4+ring64, BF16, none, 1, 32, 32, 512, 1",
    "sink4+ring64, F32, none, 2, 64, 64, 256, 2",
    "ring60, F16, none, 4, 96, 96, 128, 3",
    "sink70+ring65, BF16, none, 8, 32, 96, 512, 4",
    "ring1, BF16, none, 2, 128, 128, 512, 5",
    "sink4+ring128, F32, none, 1, 256, 256, 512, 6",
    "sink4+ring64, BF16, none, 2, 32, 32, 0, 7",
    "sink4+ring128, BF16, 8c64/8t32, 4, 32, 32, 512, 8",
    "ring60, F32, 4c32/8t32, 2, 64, 128, 256, 9",
    "sink4+ring64, F16, 4t32/4t16, 1, 96, 96, 128, 10",
    "sink70+ring65, BF16, 8c32/4t64, 8, 128, 64, 512, 11",
    "ring129, F32, 8t16/4t128, 1, 256, 256, 512, 12",
    "sink4+ring64, BF16, 8c64/4t32, 2, 32, 32, 0, 13",
  })
  void equalsTheDefinitionHoweverItIsCut(
      String kind,
      ElementFormat format,
      String codes,
      int group,
      int keyDim,
      int valueDim,
      int bits,
      long seed) {
    List<CacheSegment> segments = segments(kind, format, codes);
    AttentionFixture fixture = fixture(shape(group, keyDim, valueDim, segments, true), segments);
    Life whole = new Life(fixture, bits, seed);
    whole.prefill(5 * PAGE + 7, false);
    whole.step(true);
    whole.prefill(PAGE, true);
    Life pieces = new Life(fixture, bits, 100 + seed);
    boolean attended = false;
    while (pieces.position < whole.position) {
      int left = whole.position - pieces.position;
      int toPage = PAGE - pieces.inRing(pieces.position) % PAGE;
      if (toPage <= 2) {
        // The steps that fill a page, take over another and begin the next one.
        for (int i = 0; i < Math.min(left, toPage + 1); i++) {
          pieces.step(true);
        }
        continue;
      }
      int span = pieces.random.nextBoolean() ? toPage - 1 : toPage + pieces.random.nextInt(150);
      pieces.prefill(Math.min(left, span), pieces.gone > 0 && !attended);
      attended |= pieces.gone > 0;
    }
    assertThat(pieces.gone).isEqualTo(whole.gone).isGreaterThan(PAGE);
    pieces.step(true);
  }

  /** Until a ring drops a page there is nothing to add, not even in the last bit. */
  @ParameterizedTest
  @CsvSource({
    "sink4+ring64, BF16, none, 132, 2",
    "ring60, F32, none, 128, 1",
    "sink4+ring128, BF16, 8c64/8t32, 195, 4",
    "sink70+ring65, F16, 4t32/4t16, 197, 8",
  })
  void isThePlainAttentionWhileNothingIsGone(
      String kind, ElementFormat format, String codes, int tokens, int group) {
    List<CacheSegment> segments = segments(kind, format, codes);
    List<float[]> found = new ArrayList<>();
    for (boolean compensated : new boolean[] {true, false}) {
      AttentionShape shape = shape(group, 32, 32, segments, compensated);
      AttentionFixture fixture = fixture(shape, segments);
      PackedCache cache = new PackedCache(List.of(fixture), new Random(5));
      // Whatever the means hold, nobody reads them.
      float[] poison = new float[PackedRuns.FIRST_MEAN + 2 * 64];
      Arrays.fill(poison, Float.NaN);
      cache.memories.put("means", KernelMemory.ofFloats(ElementFormat.F32, poison));
      PackedRuns runs = new PackedRuns(shape, List.of(fixture), cache, 512);
      int span = tokens - 40;
      add(found, runs.prefill(0, span));
      runs.writeSpan(0, span, new Random(6));
      runs.closeFullPages(span, new Random(7));
      add(found, runs.prefill(span, 39));
      runs.writeSpan(span, 39, new Random(6));
      runs.closeFullPages(tokens - 1, new Random(7));
      runs.writeStep(tokens - 1);
      add(found, runs.decode(1, tokens));
    }
    for (int i = 0; i < 6; i++) {
      assertThat(found.get(i)).isEqualTo(found.get(6 + i));
    }
  }

  private static void add(List<float[]> found, PackedRuns.Results results) {
    found.add(results.out().toFloats());
    found.add(results.lse().toFloats());
  }
}
