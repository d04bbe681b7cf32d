package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.TensorType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compensation rows against a ring that is moved row by row. */
class CompensationTest {
  private static final int DIM = 16;
  private static final int PAGE = 64;
  private static final Packing PACKING =
      new Packing(
          new QuantisedFormat(8, QuantisedFormat.Per.CHANNEL, 64),
          new QuantisedFormat(8, QuantisedFormat.Per.TOKEN, 16));

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  private static CacheType type(
      int sink, int recent, ElementFormat format, boolean packed, boolean compensated) {
    CacheSegment ring =
        CacheSegment.of(CacheSegment.Kind.RING, format, recent, OptionalInt.empty());
    List<CacheSegment> segments = new ArrayList<>();
    if (sink > 0) {
      segments.add(CacheSegment.of(CacheSegment.Kind.SINK, format, sink, OptionalInt.empty()));
    }
    segments.add(packed ? ring.withPacking(PACKING) : ring);
    return new CacheType(0, 1, DIM, DIM, List.of(new HeadGroup(List.of(0), segments, compensated)));
  }

  private ReferenceTensor rows(int count) {
    return ReferenceTensor.of(count, DIM, (_, _) -> (float) random.nextGaussian());
  }

  /** Rows are gone when a later page takes over their slot; until then they are as stored. */
  @ParameterizedTest
  @CsvSource({
    "0, 1", "0, 64", "4, 64", "4, 65", "66, 100", "5, 200",
  })
  void meansAreThoseOfWhatTheRingOverwrote(int sink, int recent) {
    CacheType type = type(sink, recent, ElementFormat.BF16, false, true);
    int slots = (recent + PAGE - 1) / PAGE + 1;
    Map<Integer, Integer> held = new HashMap<>();
    List<double[]> all = new ArrayList<>();
    double[] sum = new double[DIM];
    int gone = 0;
    ReferenceCache cache = ReferenceCache.empty();
    while (cache.rows() < 900) {
      boolean prefill = random.nextBoolean();
      int before = cache.rows();
      int goneBefore = gone;
      ReferenceTensor span = rows(prefill ? 1 + random.nextInt(260) : 1);
      for (int row = 0; row < span.rows(); row++) {
        all.add(span.row(row));
        int inRing = before + row - sink;
        if (inRing < 0) {
          continue;
        }
        Integer out = held.put(inRing / PAGE % slots, inRing / PAGE);
        if (out != null && out != inRing / PAGE) {
          for (int lost = sink + out * PAGE; lost < sink + (out + 1) * PAGE; lost++) {
            gone++;
            for (int i = 0; i < DIM; i++) {
              double number = all.get(lost)[i];
              sum[i] += lost < before ? ElementFormat.BF16.round((float) number) : number;
            }
          }
        }
      }
      cache = cache.append(type, span, span);
      HeadGroup group = type.groups().getFirst();
      assertThat(group.expelledRows(cache.rows())).as("seed %s", seed).isEqualTo(gone);
      assertThat(cache.compensation(group, 0, true).map(Compensation::rows).orElse(0))
          .isEqualTo(goneBefore);
      assertThat(cache.compensation(group, 0, false).map(Compensation::rows).orElse(0))
          .isEqualTo(gone);
      if (gone > 0) {
        Compensation found = cache.compensation(group, 0, false).orElseThrow();
        for (int i = 0; i < DIM; i++) {
          assertThat(found.row().key()[i])
              .as("seed %s", seed)
              .isCloseTo(sum[i] / gone, within(1e-12));
          assertThat(found.row().value()[i]).isCloseTo(sum[i] / gone, within(1e-12));
        }
      }
    }
    assertThat(gone).isGreaterThan(300);
  }

  /** Whole pages are taken over one by one; what was coded counts as decoded. */
  @Test
  void packedRingsDropWhatTheyDecode() {
    CacheType type = type(3, 65, ElementFormat.F32, true, true);
    HeadGroup group = type.groups().getFirst();
    ReferenceCache cache = ReferenceCache.empty();
    List<double[]> all = new ArrayList<>();
    for (int step = 0; step < 3 + 3 * PAGE; step++) {
      ReferenceTensor row = rows(1);
      all.add(row.row(0));
      cache = cache.append(type, row, row);
      int filled = (cache.rows() - 3) / PAGE;
      assertThat(group.expelledRows(cache.rows())).isEqualTo(Math.max(0, filled - 1) * PAGE);
      int filledBefore = Math.floorDiv(cache.rows() - 4, PAGE);
      assertThat(cache.compensation(group, 0, false).map(Compensation::rows).orElse(0))
          .as("a step that fills a page does not see it go")
          .isEqualTo(Math.max(0, filledBefore - 1) * PAGE);
    }
    ReferenceTensor row = rows(1);
    cache = cache.append(type, row, row);
    Compensation found = cache.compensation(group, 0, false).orElseThrow();
    double exact = 0;
    double decoded = 0;
    for (int lost = 3; lost < 3 + 2 * PAGE; lost++) {
      exact += all.get(lost)[5];
      decoded += cache.key(type, lost, 5, RowForm.CODED);
    }
    assertThat(found.rows()).isEqualTo(2 * PAGE);
    assertThat(found.keySum()[5]).as("seed %s", seed).isCloseTo(decoded, within(1e-12));
    assertThat(found.keySum()[5]).isNotEqualTo(exact).isCloseTo(exact, within(2.0));
  }

  /** A prompt in one span: what never was in the ring counts as computed, the rest as decoded. */
  @Test
  void aLongSpanExpelsWhatItNeverStored() {
    CacheType type = type(0, 129, ElementFormat.BF16, true, true);
    ReferenceTensor span = rows(6 * PAGE);
    ReferenceCache cache = ReferenceCache.empty().append(type, span, span);
    cache = cache.append(type, rows(1), rows(1));
    Compensation found = cache.compensation(type.groups().getFirst(), 0, false).orElseThrow();
    assertThat(found.rows()).isEqualTo(4 * PAGE);
    double expected = 0;
    for (int row = 0; row < 4 * PAGE; row++) {
      expected += row < 3 * PAGE ? span.at(row, 2) : cache.value(type, row, 2, RowForm.CODED);
    }
    assertThat(found.valueSum()[2]).as("seed %s", seed).isCloseTo(expected, within(1e-12));
  }

  @Test
  void weighsAsMuchAsTheRowsItStandsFor() {
    CacheType type = type(2, 1, ElementFormat.F32, false, true);
    int tokens = 2 + 5 * PAGE + 7;
    ReferenceTensor before = rows(tokens - 1);
    ReferenceTensor last = rows(1);
    ReferenceCache cache =
        ReferenceCache.empty().append(type, before, before).append(type, last, last);
    ReferenceTensor query = rows(1);
    List<ReferenceValue> results = attend(type, query, cache, tokens - 1, false);
    int gone = 4 * PAGE;
    double[] mean = new double[DIM];
    for (int i = 0; i < DIM; i++) {
      for (int row = 2; row < 2 + gone; row++) {
        mean[i] += before.at(row, i) / gone;
      }
    }
    List<double[]> seen = new ArrayList<>(List.of(before.row(0), before.row(1), last.row(0)));
    double sum = gone * Math.exp(0.25 * dot(query.row(0), mean));
    double out = sum * mean[3];
    for (double[] row : seen) {
      double weight = Math.exp(0.25 * dot(query.row(0), row));
      sum += weight;
      out += weight * row[3];
    }
    assertThat(((ReferenceTensor) results.getFirst()).at(0, 3))
        .as("seed %s", seed)
        .isCloseTo(out / sum, within(1e-12));
    assertThat(((ReferenceTensor) results.getLast()).at(0, 0))
        .isCloseTo(Math.log(sum), within(1e-12));
  }

  @Test
  void isNotThereWhileNothingIsGone() {
    CacheType with = type(4, 64, ElementFormat.BF16, false, true);
    CacheType without = type(4, 64, ElementFormat.BF16, false, false);
    ReferenceTensor span = rows(4 + 2 * PAGE);
    ReferenceTensor query = rows(span.rows());
    ReferenceCache cache = ReferenceCache.empty();
    List<ReferenceValue> one = attend(with, query, cache.append(with, span, span), 0, true);
    List<ReferenceValue> two = attend(without, query, cache.append(without, span, span), 0, true);
    for (int i = 0; i < 2; i++) {
      assertThat(((ReferenceTensor) one.get(i)).values())
          .as("seed %s", seed)
          .isEqualTo(((ReferenceTensor) two.get(i)).values());
    }
  }

  private static List<ReferenceValue> attend(
      CacheType type, ReferenceTensor query, ReferenceCache cache, int position, boolean prefill) {
    AttentionOp op =
        new AttentionOp(
            new Value(0, "q", TensorType.activation(DIM)),
            new Value(1, "cache", type),
            1,
            0.25,
            OptionalDouble.empty(),
            OptionalInt.empty());
    return op.evaluate(
        List.of(query, cache), new EvaluationContext(_ -> new double[0], position, prefill, false));
  }

  private static double dot(double[] one, double[] two) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += one[i] * two[i];
    }
    return sum;
  }
}
