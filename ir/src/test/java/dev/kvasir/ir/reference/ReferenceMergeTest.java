package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Small merges worked by hand: rows of two elements, so that directions are points of a circle. */
class ReferenceMergeTest {
  private static final double[] EAST = {1, 0};
  private static final double[] NORTH = {0, 1};

  @Test
  void directionsLieOnTheArcBetweenBoth() {
    // A quarter turn from the lower layer's row to the upper's: at t = 0.6 it is 54 degrees.
    Merged merged = merge("0.6", 0, rows(2 * EAST[0], 0), rows(0, 3));
    double angle = Math.toRadians(54);
    merged.checkDirection(0, Math.cos(angle), Math.sin(angle));
    assertThat(merged.norms()).containsExactly(2.0, 3.0);
    // And both layers read their own length in this direction.
    assertThat(merged.read(merged.lower, 0, 1)).isCloseTo(2 * Math.sin(angle), within(1e-6));
    assertThat(merged.read(merged.upper, 0, 1)).isCloseTo(3 * Math.sin(angle), within(1e-6));
  }

  @Test
  void endsOfTheArcAreTheLayersOwn() {
    merge("0", 0, rows(3, 4), rows(-5, 12)).checkDirection(0, 0.6, 0.8);
    merge("1", 0, rows(3, 4), rows(-5, 12)).checkDirection(0, -5 / 13.0, 12 / 13.0);
  }

  @Test
  void equalDirectionsStay() {
    merge("0.3", 0, rows(3, 4), rows(6, 8)).checkDirection(0, 0.6, 0.8);
    // So close that the sine of the angle is no divisor.
    merge("0.3", 0, rows(1, 0), rows(1, 1e-4)).checkDirection(0, 1, 7e-5 * 3 / 7);
  }

  @Test
  void oppositeRowsFallToTheNearerLayer() {
    merge("0.6", 0, rows(1, 0), rows(-2, 0)).checkDirection(0, -1, 0);
    merge("0.2", 0, rows(1, 0), rows(-2, 0)).checkDirection(0, 1, 0);
    // Halfway nothing is left of the sum; the upper layer decides.
    merge("0.5", 0, rows(1, 0), rows(-2, 0)).checkDirection(0, -1, 0);
    merge("0.4999", 0, rows(1, 0), rows(-2, 0)).checkDirection(0, 1, 0);
  }

  @Test
  void aRowOfZerosTakesTheOtherDirection() {
    Merged merged = merge("0.9", 0, rows(0, 2), rows(0, 0));
    merged.checkDirection(0, NORTH[0], NORTH[1]);
    assertThat(merged.norms()).containsExactly(2.0, 0.0);
    merge("0.1", 0, rows(0, 0), rows(4, 0)).checkDirection(0, EAST[0], EAST[1]);
    merge("0.1", 0, rows(0, 0), rows(0, 0)).checkDirection(0, 0, 0);
  }

  @Test
  void rowsThatDifferMostKeepTheirOriginals() {
    // Angles of 0, 90, 45 and 90 degrees; of equal ones the lower position is first.
    double[] lower = rows(1, 0, 1, 0, 1, 0, 1, 0);
    double[] upper = rows(1, 0, 0, 1, 1, 1, 0, 1);
    assertThat(merge("0.6", 0, lower, upper).retained()).isEmpty();
    assertThat(merge("0.6", 25, lower, upper).retained()).containsExactly(1);
    assertThat(merge("0.6", 26, lower, upper).retained()).containsExactly(1, 3);
    assertThat(merge("0.6", 60, lower, upper).retained()).containsExactly(1, 2, 3);
    Merged all = merge("0.6", 100, lower, upper);
    assertThat(all.retained()).containsExactly(0, 1, 2, 3);
    assertThat(all.read(all.upper, 2, 1)).isEqualTo(1);
    assertThat(all.upper.merged().keys().direction(2, 1)).isZero();
  }

  @Test
  void mergesAtTheEndOfASpanAndWhenTheTailIsFull() {
    Merged merged = new Merged("0.6", 50, 3, ElementFormat.F32, false);
    merged.append(true, rows(1, 0, 1, 0, 1, 0), rows(0, 1, 1, 1, 1, 0));
    assertThat(merged.upper.merged().mark()).isEqualTo(3);
    // ceil(1.5) = 2 of 3; of 6 it is 3, so one more of the next three.
    assertThat(merged.retained()).containsExactly(0, 1);
    for (int step = 0; step < 2; step++) {
      merged.append(false, rows(1, 0), rows(1, step));
      assertThat(merged.upper.merged().mark()).isEqualTo(3);
    }
    merged.append(false, rows(1, 0), rows(0, 1));
    assertThat(merged.upper.merged().mark()).isEqualTo(6);
    assertThat(merged.lower.merged().mark()).isEqualTo(6);
    assertThat(merged.retained()).containsExactly(0, 1, 5);
    // A span after a step merges the tail with its own rows: 4 of 8, so one of the next two.
    merged.append(false, rows(1, 0), rows(1, 1));
    merged.append(true, rows(1, 0), rows(1, 2));
    assertThat(merged.upper.merged().mark()).isEqualTo(8);
    assertThat(merged.retained()).containsExactly(0, 1, 5, 7);
  }

  @Test
  void directionsAndNormsAreRounded() {
    Merged merged = new Merged("0.6", 0, 3, ElementFormat.BF16, false);
    merged.append(true, rows(1.001, 0), rows(0, 3.0001));
    double angle = Math.toRadians(54);
    assertThat(merged.upper.merged().keys().direction(0, 0))
        .isEqualTo(ElementFormat.BF16.round((float) Math.cos(angle)));
    // The span's rows count unrounded: bf16 would make 1 of 1.001, f16 has 2^-10 steps there.
    assertThat(merged.norms()).containsExactly(1 + Math.scalb(1.0, -10), 3.0);
  }

  @Test
  void fullPagesOfDirectionsAreCoded() {
    Merged merged = new Merged("0.6", 10, 90, ElementFormat.F32, true);
    double[] lower = new double[16 * 100];
    double[] upper = new double[16 * 100];
    Arrays.setAll(lower, index -> Math.sin(index));
    Arrays.setAll(upper, index -> Math.cos(3 * index));
    merged.append(true, lower, upper);
    ReferenceSide directions = merged.upper.merged().keys().directions();
    for (int row = 0; row < 100; row++) {
      boolean coded = !Double.isNaN(directions.coded()[16 * row]);
      assertThat(coded).as("row %s", row).isEqualTo(row < 64);
    }
    assertThat(merged.upper.merged().keys().direction(3, 5))
        .isEqualTo(directions.coded()[16 * 3 + 5])
        .isNotEqualTo(directions.stored()[16 * 3 + 5]);
  }

  @Test
  void aNormBeyondF16IsRefused() {
    assertThatThrownBy(() -> merge("0.6", 0, rows(1, 0), rows(70_000, 0)))
        .isInstanceOf(ArithmeticException.class)
        .hasMessage("f16 cannot hold the norm 70000.0");
  }

  private static Merged merge(String t, int retain, double[] lower, double[] upper) {
    Merged merged = new Merged(t, retain, 64, ElementFormat.F32, false);
    merged.append(true, lower, upper);
    return merged;
  }

  private static double[] rows(double... elements) {
    return elements;
  }

  /** Two layers of one head; values are like keys. */
  private static final class Merged {
    private final CacheType lowerType;
    private final CacheType upperType;
    private final int dim;
    private ReferenceCache lower = ReferenceCache.empty();
    private ReferenceCache upper = ReferenceCache.empty();

    Merged(String t, int retain, int tail, ElementFormat format, boolean packed) {
      this.dim = packed ? 16 : 2;
      lowerType =
          type(
              new Merge(Merge.Side.LOWER, 1, new BigDecimal(t), BigDecimal.valueOf(retain), tail),
              0,
              format,
              packed);
      upperType =
          type(
              new Merge(Merge.Side.UPPER, 0, new BigDecimal(t), BigDecimal.valueOf(retain), tail),
              1,
              format,
              packed);
    }

    private CacheType type(Merge merge, int layer, ElementFormat format, boolean packed) {
      CacheSegment plain = CacheSegment.shared(format, merge);
      Packing packing =
          new Packing(
              new QuantisedFormat(4, QuantisedFormat.Per.CHANNEL, 64),
              new QuantisedFormat(4, QuantisedFormat.Per.TOKEN, 16));
      return new CacheType(
          layer,
          1,
          dim,
          dim,
          List.of(
              new HeadGroup(
                  List.of(0),
                  List.of(
                      packed ? plain.withPacking(packing) : plain,
                      CacheSegment.of(CacheSegment.Kind.RETAINED, format, 0, OptionalInt.empty()),
                      CacheSegment.of(
                          CacheSegment.Kind.TAIL, format, merge.tail(), OptionalInt.empty())))));
    }

    void append(boolean prefill, double[] lowerRows, double[] upperRows) {
      EvaluationContext context =
          new EvaluationContext(_ -> new double[0], lower.rows(), prefill, false);
      ReferenceTensor below = new ReferenceTensor(lowerRows.length / dim, dim, lowerRows);
      ReferenceTensor above = new ReferenceTensor(upperRows.length / dim, dim, upperRows);
      List<ReferenceValue> merged =
          new ReferenceMerge(lowerType, upperType, context)
              .run(
                  lower.append(lowerType, below, below),
                  upper.append(upperType, above, above),
                  Optional.empty());
      lower = (ReferenceCache) merged.getFirst();
      upper = (ReferenceCache) merged.getLast();
    }

    void checkDirection(int row, double first, double second) {
      for (ReferenceCache layer : List.of(lower, upper)) {
        assertThat(layer.merged().keys().direction(row, 0)).isCloseTo(first, within(1e-6));
        assertThat(layer.merged().values().direction(row, 1)).isCloseTo(second, within(1e-6));
      }
    }

    List<Double> norms() {
      return List.of(lower.merged().keys().norm(0, 0), upper.merged().keys().norm(0, 0));
    }

    List<Integer> retained() {
      assertThat(lower.merged().retained()).isDeepEqualTo(upper.merged().retained());
      return IntStream.range(0, upper.merged().mark())
          .filter(row -> upper.merged().retained()[0][row])
          .boxed()
          .toList();
    }

    double read(ReferenceCache layer, int row, int element) {
      CacheType type = layer == lower ? lowerType : upperType;
      RowForm form = layer.form(type.groupOf(0), 0, row, layer.rows(), false);
      return layer.key(type, row, element, form);
    }
  }
}
