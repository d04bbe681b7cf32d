package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.TensorType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Small folds worked by hand. Keys and values have one element, the logarithm of a weight; queries
 * are 1 and lse is 0, so that one query gives a row its weight as mass.
 */
class ReferenceFoldTest {
  private static final double[] NONE = {0, 0};

  @Test
  void alphaZeroSelects() {
    // Masses are 5 * 6, 1 * 5, 4 * 4, 2 * 3, 9 * 2 and 3 * 1, as many queries as see the row.
    Layer layer = new Layer(new Fold(4, 2, 3, 2), new double[12], NONE, 0);
    layer.prefill(5, 1, 4, 2, 9, 3);
    assertThat(layer.positions()).containsExactly(0, 4, -1, -1);
    assertThat(layer.weights()).containsExactly(5.0, 9.0, 4.0, 2.0);
    assertThat(layer.mark()).isEqualTo(6);
  }

  @Test
  void equalMassesGoToTheLowerRow() {
    Layer layer = new Layer(new Fold(4, 2, 1, 2), new double[4], NONE, 0);
    layer.prefill(1, 2, 1, 1, 2);
    layer.step(1, 1);
    assertThat(layer.positions()).containsExactly(1, 4, -1, -1);
    assertThat(layer.sources()).containsExactly(1.0, 4.0, 0.0, 2.0);
  }

  @Test
  void nothingHappensBeforeSlotsAndBlockAreFull() {
    Layer layer = new Layer(new Fold(4, 2, 1, 2), new double[4], NONE, 0);
    layer.prefill(5, 1);
    layer.prefill(4, 2, 9);
    assertThat(layer.slots()).isEmpty();
    assertThat(layer.mark()).isEqualTo(4);
    layer.step(3, 1);
    assertThat(layer.mark()).isEqualTo(6);
    // The step gives each row its weight as mass; the spans that did not fold gave nothing.
    assertThat(layer.positions()).containsExactly(0, 4, -1, -1);
    assertThat(layer.weights()).containsExactly(5.0, 9.0, 4.0, 3.0);
  }

  @Test
  void stepsAddUpUntilTheyFold() {
    Layer layer = new Layer(new Fold(2, 3, 1, 1), new double[2], new double[1], 0);
    layer.prefill(1, 16);
    // Masses of rows 0 to 4: three, three, three, two and one query; two ask the other way.
    layer.step(4, -1);
    layer.step(2, -1);
    assertThat(layer.slots()).isEmpty();
    layer.step(2, 1);
    // Row 0: 3; row 1: 2/16 + 16; row 2: 2/4 + 4; row 3: 1/2 + 2; row 4: 2.
    assertThat(layer.sources()).containsExactly(1.0, 2.0);
    // Folded slots are candidates again, and the sums start over.
    layer.step(1, -1);
    layer.step(8, -1);
    layer.step(32, -1);
    // Row 0 (16): 3/16; row 1 (4): 3/4; row 5 (1): 3; row 6 (8): 2/8; row 7 (32): 1/32.
    assertThat(layer.positions()).containsExactly(5, -1);
    assertThat(layer.weights()).containsExactly(1.0, 4.0);
    assertThat(layer.mark()).isEqualTo(8);
  }

  @Test
  void aSpanFoldsSlotsTailAndItself() {
    Layer layer = new Layer(new Fold(2, 3, 1, 1), new double[2], new double[1], 0);
    layer.prefill(1, 16, 4);
    assertThat(layer.slots()).isEmpty();
    // All queries of the span count: row 0 has 2, row 2 has 8, row 3 has 16, row 4 8.
    layer.prefill(8, 8);
    assertThat(layer.positions()).containsExactly(1, -1);
    assertThat(layer.weights()).containsExactly(16.0, 8.0);
    assertThat(layer.sources().get(1)).isEqualTo(3.0);
  }

  @Test
  void rowsAreMixedByTheirConvolution() {
    // One slot of mixed rows: nothing is kept. x = (k, v) with v = k; channel 0 is the key.
    double[] weight = {0.5, 1, -2, 0, 0, 0.25};
    double[] bias = {0.125};
    double alpha = 0.75;
    double[] weights = {2, 3, 1.5, 4};
    Layer layer = new Layer(new Fold(1, 3, 3, 1), weight, bias, alpha);
    ReferenceTensor ones = ReferenceTensor.of(4, 1, (_, _) -> 1);
    layer.run(Layer.logs(weights), ones, true);
    double[] x = IntStream.range(0, 4).mapToDouble(row -> Math.log(weights[row])).toArray();
    double[] z = new double[4];
    double sum = 0;
    for (int row = 0; row < 4; row++) {
      double before = row > 0 ? x[row - 1] : 0;
      double after = row < 3 ? x[row + 1] : 0;
      z[row] = Math.max(0, 0.125 + 0.5 * before + x[row] - 2 * after + 0.25 * after);
      sum += Math.exp(z[row]);
    }
    double expected = 0;
    for (int row = 0; row < 4; row++) {
      // Masses 4 * 2, 3 * 3, 2 * 1.5 and 4: row 1 is the residual.
      expected += (alpha * Math.exp(z[row]) / sum + (row == 1 ? 1 - alpha : 0)) * x[row];
    }
    assertThat(layer.slots().getFirst().key()[0]).isCloseTo(expected, within(1e-7));
    assertThat(layer.slots().getFirst().value()).isEqualTo(layer.slots().getFirst().key());
  }

  @Test
  void headsHaveTheirOwnRowsAndOneConvolution() {
    Fold fold = new Fold(1, 2, 1, 1);
    Layer layer = new Layer(fold, new double[] {3, 0}, new double[1], 1, 2, Optional.empty(), 1);
    ReferenceTensor rows =
        ReferenceTensor.of(3, 2, (row, head) -> head == 0 ? row : row == 1 ? 1 : -1);
    layer.run(rows, ReferenceTensor.of(3, 2, (_, _) -> 1), true);
    // Weights exp(3 x), where rows below 0 count as 0.
    double e3 = Math.exp(3);
    double e6 = Math.exp(6);
    assertThat(layer.slots(0).getFirst().key()[0])
        .isCloseTo((e3 + 2 * e6) / (1 + e3 + e6), within(1e-6));
    assertThat(layer.slots(1).getFirst().key()[0]).isCloseTo((e3 - 2) / (2 + e3), within(1e-6));
  }

  @Test
  void queriesSeeSlotsAndTail() {
    Layer layer = new Layer(new Fold(2, 3, 1, 1), new double[2], new double[1], 0);
    layer.prefill(1, 16, 4, 2, 8);
    layer.step(3, 1);
    // Slots hold rows 1 and 2, which have weights 16 and 4, and the tail the step's own.
    List<ReferenceValue> attended = layer.attend(1);
    double sum = 16 + 4 + 3;
    assertThat(((ReferenceTensor) attended.getLast()).at(0, 0))
        .isCloseTo(Math.log(sum), within(1e-6));
    assertThat(((ReferenceTensor) attended.getFirst()).at(0, 0))
        .isCloseTo((16 * 1 + 4 * 2 + 3 * 5) / sum, within(1e-6));
  }

  @Test
  void slotsAreRoundedAndTheirFullPagesCoded() {
    Packing packing =
        new Packing(
            new QuantisedFormat(4, QuantisedFormat.Per.CHANNEL, 64),
            new QuantisedFormat(4, QuantisedFormat.Per.TOKEN, 16));
    Fold fold = new Fold(70, 2, 1, 5);
    Layer layer =
        new Layer(fold, new double[5 * 32], new double[5], 0, 1, Optional.of(packing), 16);
    ReferenceTensor rows =
        ReferenceTensor.of(80, 16, (row, channel) -> channel > 0 ? 0 : row % 32 * 0.25);
    layer.run(rows, ReferenceTensor.of(80, 16, (_, channel) -> channel > 0 ? 0 : 1), true);
    List<ReferenceRow> slots = layer.slots();
    assertThat(slots).hasSize(70);
    // 64 slots share steps of about 7.75 / 15; the others are as stored.
    assertThat(slots.subList(0, 64)).anyMatch(row -> row.key()[0] % 0.25 != 0);
    assertThat(slots.subList(64, 70)).allMatch(row -> row.key()[0] % 0.25 == 0);
    for (ReferenceRow slot : slots.subList(0, 64)) {
      assertThat(slot.key()[0]).isCloseTo(slot.position() % 32 * 0.25, within(0.27));
    }
  }

  /** A layer that folds keys of few elements. */
  private static final class Layer {
    private final Fold fold;
    private final int queryHeads;
    private final int dim;
    private final Map<String, double[]> weights;
    private final CacheType type;
    private ReferenceCache cache = ReferenceCache.empty();

    Layer(Fold fold, double[] weight, double[] bias, double alpha) {
      this(fold, weight, bias, alpha, 1, Optional.empty(), 1);
    }

    Layer(
        Fold fold,
        double[] weight,
        double[] bias,
        double alpha,
        int kvHeads,
        Optional<Packing> packing,
        int dim) {
      this.fold = fold;
      this.queryHeads = kvHeads;
      this.dim = dim;
      this.weights =
          Map.of(
              FoldRowsOp.name(0, "weight"), weight,
              FoldRowsOp.name(0, "bias"), bias,
              FoldRowsOp.name(0, "alpha"), new double[] {alpha});
      CacheSegment slots = segment(CacheSegment.Kind.SLOTS, fold.slots());
      this.type =
          new CacheType(
              0,
              kvHeads,
              dim,
              dim,
              List.of(
                  new HeadGroup(
                      IntStream.range(0, kvHeads).boxed().toList(),
                      List.of(
                          packing.map(slots::withPacking).orElse(slots),
                          segment(CacheSegment.Kind.TAIL, fold.block())))));
    }

    private static CacheSegment segment(CacheSegment.Kind kind, int rows) {
      return CacheSegment.of(kind, ElementFormat.F32, rows, OptionalInt.empty());
    }

    void prefill(double... rowWeights) {
      ReferenceTensor ones = ReferenceTensor.of(rowWeights.length, 1, (_, _) -> 1);
      run(logs(rowWeights), numbers(rowWeights.length), ones, true);
    }

    void step(double weight, double query) {
      run(logs(weight), numbers(1), ReferenceTensor.of(1, 1, (_, _) -> query), false);
    }

    /** As values the numbers of the next rows. */
    private ReferenceTensor numbers(int rows) {
      return ReferenceTensor.of(rows, 1, (row, _) -> cache.rows() + row);
    }

    private static ReferenceTensor logs(double... rowWeights) {
      return ReferenceTensor.of(rowWeights.length, 1, (row, _) -> Math.log(rowWeights[row]));
    }

    int mark() {
      return cache.foldMark(type.groups().getFirst());
    }

    List<ReferenceRow> slots() {
      return slots(0);
    }

    List<ReferenceRow> slots(int head) {
      return cache.slots(type.groups().getFirst(), head);
    }

    List<Integer> positions() {
      return slots().stream().map(ReferenceRow::position).toList();
    }

    /** What the slots hold, as the weights of keys. */
    List<Double> weights() {
      return slots().stream()
          .map(slot -> Math.rint(Math.exp(slot.key()[0]) * 1000) / 1000)
          .toList();
    }

    /** The numbers of the rows that lie in the slots. */
    List<Double> sources() {
      return slots().stream().map(slot -> slot.value()[0]).toList();
    }

    List<ReferenceValue> attend(double query) {
      AttentionOp attention =
          new AttentionOp(
              new Value(1, "q", TensorType.activation(queryHeads * dim)),
              new Value(0, "c", type),
              queryHeads,
              1,
              OptionalDouble.empty(),
              OptionalInt.empty());
      return attention.evaluate(
          List.of(ReferenceTensor.of(1, 1, (_, _) -> query), cache),
          new EvaluationContext(weights::get, cache.rows() - 1, false, false));
    }

    void run(ReferenceTensor rows, ReferenceTensor queries, boolean prefill) {
      run(rows, rows, queries, prefill);
    }

    private void run(
        ReferenceTensor keys, ReferenceTensor values, ReferenceTensor queries, boolean prefill) {
      EvaluationContext context = new EvaluationContext(weights::get, cache.rows(), prefill, false);
      FoldRowsOp folding =
          FoldRowsOp.of(
              new Value(0, "c", type),
              new Value(1, "q", TensorType.activation(queryHeads * dim)),
              new Value(2, "lse", TensorType.activation(queryHeads)),
              queryHeads,
              1,
              fold);
      ReferenceTensor lse = ReferenceTensor.of(queries.rows(), queryHeads, (_, _) -> 0);
      cache =
          (ReferenceCache)
              folding
                  .evaluate(List.of(cache.append(type, keys, values), queries, lse), context)
                  .getFirst();
    }
  }
}
