package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.RowBudget;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Merges of chosen rows, small ones worked by hand and larger ones by the formulas. */
class ReferenceChosenMergeTest {
  private static final int TAIL = 8;

  @Test
  void onlyChosenRowsAreMergedAndKept() {
    Layers layers = new Layers(1, 2, 50, ElementFormat.F32, false);
    layers.span(rows(2, 0, 5, 0, 1, 0, 3, 0), rows(0, 3, 0, 5, 1, 1, 3, 0), List.of(0, 2, 3));
    assertThat(layers.held(0)).containsExactly(0, 2, 3);
    // Angles of 90, 45 and 0 degrees: two of three keep their originals.
    assertThat(layers.retained(0)).containsExactly(0, 2);
    assertThat(layers.lowerKey(0, 0)).containsExactly(2, 0);
    assertThat(layers.upperKey(0, 2)).containsExactly(1, 1);
    assertThat(layers.lowerKey(0, 3)).containsExactly(new double[] {3, 0}, within(1e-6));
    assertThat(layers.form(3)).isEqualTo(RowForm.MERGED);
  }

  @Test
  void stepsBetweenLeaveMergedRowsAndReadTheTailAsStored() {
    Layers layers = new Layers(1, 2, 0, ElementFormat.BF16, false);
    layers.span(rows(1, 0, 1, 0), rows(0, 1, 1, 0), List.of(0, 1));
    ReferenceQuery query = new ReferenceQuery(2, new double[2], new double[1]);
    layers.step(rows(1.001, 7), rows(3, 3), new ReferenceChoice(List.of(), List.of(query)));
    assertThat(layers.upper.mark()).isEqualTo(2);
    assertThat(layers.upper.observed()).containsExactly(query);
    assertThat(layers.held(0)).containsExactly(0, 1, 2);
    assertThat(layers.lowerKey(0, 2)).containsExactly(1, 7);
    double angle = Math.toRadians(54);
    assertThat(layers.lowerKey(0, 0))
        .containsExactly(round(Math.cos(angle)), round(Math.sin(angle)));
  }

  @Test
  void whatWasMergedKeepsItsDirectionAndWhatWasRetainedIsMerged() {
    Layers layers = new Layers(1, 2, 34, ElementFormat.F32, false);
    layers.span(rows(2, 0, 1, 0), rows(0, 3, 4, 4), List.of(0, 1));
    assertThat(layers.retained(0)).containsExactly(0);
    double half = Math.toRadians(0.6 * 45);
    assertThat(layers.upperKey(0, 1)).containsExactly(direction(Math.sqrt(32), half), within(4e-3));
    double[] before = layers.upperKey(0, 1);
    // Rows 2 and 3 are opposite: they are retained, and the other two merge.
    layers.span(rows(1, 0, 1, 0), rows(-1, 0, -1, 0), List.of(0, 1, 2, 3));
    assertThat(layers.retained(0)).containsExactly(2, 3);
    assertThat(layers.upperKey(0, 1)).containsExactly(before, within(1e-6));
    assertThat(layers.lowerKey(0, 0))
        .containsExactly(direction(2, Math.toRadians(54)), within(1e-6));
    assertThat(layers.upperKey(0, 0))
        .containsExactly(direction(3, Math.toRadians(54)), within(1e-6));
  }

  @Test
  void aMergedRowMayBeRetainedAsLongAsItsNorm() {
    Layers layers = new Layers(1, 2, 50, ElementFormat.BF16, false);
    layers.span(rows(1, 0, 1, 0), rows(0, 1, 2, 1), List.of(0, 1));
    assertThat(layers.retained(0)).containsExactly(0);
    double[] lower = layers.lowerKey(0, 1);
    double[] upper = layers.upperKey(0, 1);
    layers.choose(List.of(1));
    assertThat(layers.retained(0)).containsExactly(1);
    assertThat(layers.form(1)).isEqualTo(RowForm.STORED);
    assertThat(layers.lowerKey(0, 1)).containsExactly(rounded(lower, 1));
    assertThat(layers.upperKey(0, 1)).containsExactly(rounded(upper, half(Math.sqrt(5))));
  }

  @Test
  void rowsThatShareADirectionDoNotCompete() {
    long seed = new Random().nextLong();
    for (ElementFormat format : List.of(ElementFormat.F32, ElementFormat.BF16)) {
      for (boolean packed : List.of(false, true)) {
        Layers layers = new Layers(1, 16, 60, format, packed);
        Random random = new Random(seed);
        double[] lower = random.doubles(16 * 70, -1, 1).toArray();
        double[] upper = random.doubles(16 * 70, -1, 1).toArray();
        layers.span(lower, upper, IntStream.range(0, 70).boxed().toList());
        List<Integer> shared =
            layers.held(0).stream().filter(row -> !layers.retained(0).contains(row)).toList();
        assertThat(shared).hasSize(70 - 42);
        layers.choose(shared);
        // All angles are 0: the lower slots stay, ceil(0.6 * 28) of them.
        assertThat(layers.retained(0))
            .as("%s, packed %s, seed %s", format, packed, seed)
            .isEqualTo(shared.subList(0, 17));
      }
    }
  }

  @Test
  void normsStayHoweverOftenRowsAreMergedAgain() {
    long seed = new Random().nextLong();
    for (ElementFormat format : List.of(ElementFormat.F16, ElementFormat.BF16)) {
      for (boolean packed : List.of(false, true)) {
        Layers layers = new Layers(1, 16, 0, format, packed);
        Random random = new Random(seed);
        List<Integer> list = IntStream.range(0, 70).boxed().toList();
        layers.span(
            random.doubles(16 * 70, -1, 1).toArray(),
            random.doubles(16 * 70, -1, 1).toArray(),
            list);
        double[] keyNorms = layers.lower.merged().keys().norms();
        double[] valueNorms = layers.upper.merged().values().norms();
        for (int merge = 0; merge < 100; merge++) {
          layers.choose(list);
        }
        assertThat(layers.lower.merged().keys().norms())
            .as("%s, packed %s, seed %s", format, packed, seed)
            .containsExactly(keyNorms);
        assertThat(layers.upper.merged().values().norms()).containsExactly(valueNorms);
      }
    }
  }

  @Test
  void headsRetainByTheirOwnLists() {
    Layers layers = new Layers(2, 2, 40, ElementFormat.F32, false);
    // Four rows of two heads; angles of head 0 are 0, 45, 90, 90 degrees, of head 1 the reverse.
    double[] lower = rows(1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0);
    double[] upper = rows(1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0);
    layers.span(
        lower, upper, new ReferenceChoice(List.of(List.of(1, 2, 3), List.of(2, 3)), List.of()));
    assertThat(layers.held(0)).containsExactly(1, 2, 3);
    assertThat(layers.held(1)).containsExactly(2, 3);
    assertThat(layers.retained(0)).containsExactly(2, 3);
    assertThat(layers.retained(1)).containsExactly(2);
    assertThat(layers.upperKey(1, 2)).containsExactly(1, 1);
  }

  @Test
  void pagesOfDirectionsAreCodedInTheOrderOfTheList() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Layers layers = new Layers(1, 16, 10, ElementFormat.BF16, true);
    layers.span(
        random.doubles(16 * 100, -1, 1).toArray(),
        random.doubles(16 * 100, -1, 1).toArray(),
        IntStream.range(0, 100).filter(row -> row % 7 > 1).boxed().toList());
    List<Integer> list = layers.held(0);
    List<Integer> retained = layers.retained(0);
    assertThat(list).hasSize(70);
    assertThat(retained).hasSize(7);
    ReferenceSide keys = layers.upper.merged().keys().directions();
    ReferenceSide values = layers.upper.merged().values().directions();
    for (int slot = 0; slot < list.size(); slot++) {
      int row = list.get(slot);
      for (int channel = 0; channel < 16; channel++) {
        int place = 16 * row + channel;
        if (retained.contains(row)) {
          assertThat(keys.stored()[place]).isZero();
        }
        if (slot >= 64) {
          assertThat(keys.coded()[place]).isNaN();
        } else {
          // Keys by channel over the 64 slots, values by row: hidden rows count as zeros.
          int own = channel;
          double[] column =
              list.subList(0, 64).stream().mapToDouble(r -> keys.stored()[16 * r + own]).toArray();
          double[] line = Arrays.copyOfRange(values.stored(), 16 * row, 16 * row + 16);
          assertThat(keys.coded()[place])
              .as("seed %s", seed)
              .isCloseTo(coded(column, slot), within(1e-12));
          assertThat(values.coded()[place])
              .as("seed %s", seed)
              .isCloseTo(coded(line, channel), within(1e-12));
        }
      }
    }
    // What is coded is what counts from then on, and closed pages close anew.
    int first = list.get(0);
    double[] read = layers.upperKey(0, first);
    double factor =
        layers.upper.merged().keys().norm(first, 0)
            / Math.sqrt(Arrays.stream(read).map(element -> element * element).sum());
    layers.choose(list.subList(0, 10));
    assertThat(layers.upperKey(0, first))
        .containsExactly(
            Arrays.stream(read).map(element -> factor * element).toArray(), within(0.01));
    assertThat(layers.upper.merged().keys().directions().coded()[16 * first]).isNaN();
  }

  /** What 4 bits leave of an element of a group. */
  private static double coded(double[] group, int element) {
    double least = Arrays.stream(group).min().orElseThrow();
    double most = Arrays.stream(group).max().orElseThrow();
    double step = half((most - least) / 15);
    double minimum = half(least);
    double code = step == 0 ? 0 : Math.rint((group[element] - minimum) / step);
    return minimum + step * Math.clamp(code, 0, 15);
  }

  private static double half(double value) {
    return Float.float16ToFloat(Float.floatToFloat16((float) value));
  }

  private static double round(double value) {
    return ElementFormat.BF16.round((float) value);
  }

  /** A row of this direction and length, rounded. */
  private static double[] rounded(double[] row, double length) {
    double factor = length / Math.hypot(row[0], row[1]);
    return new double[] {round(factor * row[0]), round(factor * row[1])};
  }

  private static double[] direction(double length, double angle) {
    return new double[] {length * Math.cos(angle), length * Math.sin(angle)};
  }

  private static double[] rows(double... elements) {
    return elements;
  }

  /** Two layers at t = 0.6 that keep chosen rows; values are like keys. */
  private static final class Layers {
    private final CacheType lowerType;
    private final CacheType upperType;
    private final int heads;
    private final int dim;
    private ReferenceCache lower = ReferenceCache.empty();
    private ReferenceCache upper = ReferenceCache.empty();

    Layers(int heads, int dim, int retain, ElementFormat format, boolean packed) {
      this.heads = heads;
      this.dim = dim;
      lowerType = type(Merge.Side.LOWER, 0, retain, format, packed);
      upperType = type(Merge.Side.UPPER, 1, retain, format, packed);
    }

    private CacheType type(
        Merge.Side side, int layer, int retain, ElementFormat format, boolean packed) {
      Merge merge =
          new Merge(side, 1 - layer, new BigDecimal("0.6"), BigDecimal.valueOf(retain), TAIL);
      CacheSegment plain =
          CacheSegment.shared(
              format,
              Optional.of(new RowBudget(new RowBudget.Rows(100), 1, 1, new RowBudget.Uniform())),
              merge);
      Packing packing =
          new Packing(
              new QuantisedFormat(4, QuantisedFormat.Per.CHANNEL, 64),
              new QuantisedFormat(4, QuantisedFormat.Per.TOKEN, 16));
      return new CacheType(
          layer,
          heads,
          dim,
          dim,
          List.of(
              new HeadGroup(
                  IntStream.range(0, heads).boxed().toList(),
                  List.of(
                      packed ? plain.withPacking(packing) : plain,
                      CacheSegment.of(CacheSegment.Kind.RETAINED, format, 0, OptionalInt.empty()),
                      CacheSegment.of(
                          CacheSegment.Kind.TAIL, format, TAIL, OptionalInt.empty())))));
    }

    /** A span behind which all heads keep one list. */
    void span(double[] lowerRows, double[] upperRows, List<Integer> list) {
      span(lowerRows, upperRows, new ReferenceChoice(List.of(list), List.of()));
    }

    void span(double[] lowerRows, double[] upperRows, ReferenceChoice choice) {
      run(true, lowerRows, upperRows, choice);
    }

    void step(double[] lowerRows, double[] upperRows, ReferenceChoice choice) {
      run(false, lowerRows, upperRows, choice);
    }

    /** A selection of rows that are there. */
    void choose(List<Integer> list) {
      run(false, rows(), rows(), new ReferenceChoice(List.of(list), List.of()));
    }

    private void run(
        boolean prefill, double[] lowerRows, double[] upperRows, ReferenceChoice choice) {
      EvaluationContext context =
          new EvaluationContext(_ -> new double[0], lower.rows(), prefill, false);
      int width = heads * dim;
      ReferenceTensor below = new ReferenceTensor(lowerRows.length / width, width, lowerRows);
      ReferenceTensor above = new ReferenceTensor(upperRows.length / width, width, upperRows);
      List<ReferenceValue> merged =
          new ReferenceMerge(lowerType, upperType, context)
              .run(
                  lower.append(lowerType, below, below),
                  upper.append(upperType, above, above),
                  Optional.of(choice));
      lower = (ReferenceCache) merged.getFirst();
      upper = (ReferenceCache) merged.getLast();
    }

    List<Integer> held(int head) {
      List<Integer> held = new ArrayList<>();
      for (int row = 0; row < upper.rows(); row++) {
        boolean holds = upper.holds(upperType.groupOf(head), head, row);
        assertThat(lower.holds(lowerType.groupOf(head), head, row)).isEqualTo(holds);
        if (holds) {
          held.add(row);
        }
      }
      return held;
    }

    List<Integer> retained(int head) {
      assertThat(lower.merged().retained()).isDeepEqualTo(upper.merged().retained());
      return IntStream.range(0, upper.mark())
          .filter(row -> upper.merged().retained()[head][row])
          .boxed()
          .toList();
    }

    RowForm form(int row) {
      return upper.form(upperType.groupOf(0), 0, row, upper.rows(), false);
    }

    double[] lowerKey(int head, int row) {
      return key(lower, lowerType, head, row);
    }

    double[] upperKey(int head, int row) {
      return key(upper, upperType, head, row);
    }

    private double[] key(ReferenceCache layer, CacheType type, int head, int row) {
      RowForm form = layer.form(type.groupOf(head), head, row, layer.rows(), false);
      double[] key = new double[dim];
      for (int element = 0; element < dim; element++) {
        key[element] = layer.key(type, row, head * dim + element, form);
        assertThat(layer.value(type, row, head * dim + element, form)).isNotNaN();
      }
      return key;
    }
  }
}
