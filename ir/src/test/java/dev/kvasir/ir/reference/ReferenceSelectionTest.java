package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.graph.ops.SelectRowsOp;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.RandomScore;
import dev.kvasir.ir.type.RowBudget;
import dev.kvasir.ir.type.Selection;
import dev.kvasir.ir.type.Task;
import dev.kvasir.ir.type.TensorType;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Small selections worked by hand. Keys have one element, the logarithm of a weight, queries are 1
 * and lse is 0, so that the mass of a row is its weight.
 */
class ReferenceSelectionTest {
  private static final double[] WEIGHTS = {5, 1, 4, 2, 9, 3, 7, 1};

  @Test
  void singleRows() {
    assertThat(prompt(1, 1, 1, new Selection.Max(), 4, WEIGHTS)).containsExactly(0, 4, 6, 7);
    assertThat(prompt(1, 1, 1, new Selection.Average(), 4, WEIGHTS)).containsExactly(0, 4, 6, 7);
  }

  @Test
  void equalRowsAreKeptFromTheFirstOn() {
    assertThat(prompt(1, 2, 1, new Selection.Max(), 4, 1, 1, 1, 1, 1, 1))
        .containsExactly(0, 1, 4, 5);
  }

  @Test
  void pooledRows() {
    // Largest of three: 5 5 4 9 9 9 7.
    assertThat(prompt(1, 1, 3, new Selection.Max(), 4, WEIGHTS)).containsExactly(3, 4, 5, 7);
    // Means of three, of two at the borders: 3 10/3 7/3 5 14/3 19/3 5.
    assertThat(prompt(1, 1, 3, new Selection.Average(), 4, WEIGHTS)).containsExactly(3, 5, 6, 7);
  }

  @Test
  void windows() {
    // Windows at positions 0, 2, 4 and the short one at 6 have means 3, 3, 6, 7.
    assertThat(prompt(2, 1, 1, new Selection.Average(), 5, WEIGHTS)).containsExactly(4, 5, 6, 7);
    // One more: 5 2 has a mean of 3.5, 4 2 of 3.
    assertThat(prompt(2, 1, 1, new Selection.Average(), 7, 5, 2, 4, 2, 9, 3, 7, 1))
        .containsExactly(0, 1, 4, 5, 6, 7);
  }

  @Test
  void windowsByTheirFourLargest() {
    // The mean of all of 5 1 4 3 9 is 4.4, of the four largest 5.25; 3 and 7 have 5 both ways.
    double[] weights = {5, 1, 4, 3, 9, 3, 7, 1};
    assertThat(prompt(5, 1, 1, new Selection.Average(), 6, weights)).containsExactly(5, 6, 7);
    assertThat(prompt(5, 1, 1, new Selection.Max(), 6, weights)).containsExactly(0, 1, 2, 3, 4, 7);
  }

  @Test
  void theTaskDecides() {
    double[] weights = {5, 1, 4, 3, 9, 3, 7, 1};
    Selection byTask = selection(5, 1, 1, new Selection.ByTask(), false, 20);
    Layer layer = new Layer(1, 1, byTask, 6, "f32");
    layer.task = Optional.of(Task.AGGREGATION);
    assertThat(layer.prefill(logs(8, 1, weights), ones(8), new double[8]))
        .containsExactly(List.of(5, 6, 7));
    layer = layer.again();
    layer.task = Optional.of(Task.LOCALIZATION);
    assertThat(layer.prefill(logs(8, 1, weights), ones(8), new double[8]))
        .containsExactly(List.of(0, 1, 2, 3, 4, 7));
    Layer asked = layer.again();
    assertThatThrownBy(() -> asked.prefill(logs(8, 1, weights), ones(8), new double[8]))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("a score by task needs to know what a prompt asks for");
  }

  @Test
  void anythingThatFitsIsKept() {
    assertThat(prompt(2, 1, 1, new Selection.Max(), 9, WEIGHTS)).hasSize(8);
    assertThat(prompt(8, 4, 1, new Selection.Max(), 12, WEIGHTS)).hasSize(8);
    assertThat(prompt(3, 8, 1, new Selection.Max(), 11, WEIGHTS)).hasSize(8);
    assertThat(prompt(3, 20, 1, new Selection.Max(), 23, WEIGHTS)).hasSize(8);
  }

  @Test
  void randomScoresLookAtNothing() {
    List<Integer> kept = prompt(2, 1, 1, new Selection.Random(5, 1), 5, WEIGHTS);
    List<Integer> windows =
        IntStream.range(0, 4)
            .boxed()
            .sorted(
                (one, two) -> Float.compare(RandomScore.of(5, 1, two), RandomScore.of(5, 1, one)))
            .limit(2)
            .toList();
    assertThat(kept)
        .containsExactlyElementsOf(
            IntStream.range(0, 8)
                .filter(row -> row == 7 || windows.contains(row / 2))
                .boxed()
                .toList());
    assertThat(prompt(2, 1, 1, new Selection.Random(5, 1), 5, 1, 1, 1, 1, 1, 1, 1, 1))
        .isEqualTo(kept);
  }

  @Test
  void queriesOfASpanAreSummedAndQueryHeadsAveraged() {
    Layer layer = new Layer(1, 2, selection(1, 2, 1, new Selection.Max(), false, 2), 3, "f32");
    ReferenceTensor keys = tensor(4, 1, 0, Math.log(4), 0, 0);
    // Row 0 has 1 from every query of every head; so has row 1, but 4 from one query of head 0.
    ReferenceTensor queries = tensor(4, 2, 0, 0, 0, 0, 1, 0, 0, 0);
    assertThat(layer.prefill(keys, queries, new double[8])).containsExactly(List.of(1, 2, 3));
    // With an lse that takes head 0 away, row 0 comes first.
    double[] lse = {0, 0, 0, 0, 50, 0, 50, 0};
    assertThat(layer.again().prefill(keys, queries, lse)).containsExactly(List.of(0, 2, 3));
  }

  @Test
  void headsChooseTogetherOrApart() {
    // Rows 0 to 2 weigh 9, 1 and 5.5 in head 0, 1, 8 and 5.5 in head 1.
    ReferenceTensor keys = logs(5, 2, 9, 1, 1, 8, 5.5, 5.5, 1, 1, 1, 1);
    ReferenceTensor queries = tensor(5, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    Selection together = selection(1, 1, 1, new Selection.Max(), false, 1);
    assertThat(new Layer(2, 2, together, 2, "f32").prefill(keys, queries, new double[10]))
        .containsExactly(List.of(2, 4));
    Selection apart = selection(1, 1, 1, new Selection.Max(), true, 1);
    assertThat(new Layer(2, 2, apart, 2, "f32").prefill(keys, queries, new double[10]))
        .containsExactly(List.of(0, 4), List.of(1, 4));
  }

  @Test
  void stepsSelectWhenTheTailIsFull() {
    Layer layer = new Layer(1, 1, selection(1, 2, 1, new Selection.Max(), false, 3), 4, "f32");
    assertThat(layer.prefill(logs(5, 1, 1, 8, 2, 4, 1), ones(5), new double[5]))
        .containsExactly(List.of(1, 2, 3, 4));
    assertThat(layer.step(16, 1)).isEmpty();
    assertThat(layer.step(2, 1)).isEmpty();
    assertThat(layer.cache.mark()).isEqualTo(5);
    assertThat(layer.cache.observed()).extracting(ReferenceQuery::position).containsExactly(5, 6);
    assertThat(layer.cache.holds(layer.type.groups().getFirst(), 0, 0)).isFalse();
    // Candidates 1 2 3 4 5 weigh 8 2 4 1 16; rows 6 and 7 are observed.
    assertThat(layer.step(1, 1)).containsExactly(List.of(1, 5, 6, 7));
    assertThat(layer.cache.mark()).isEqualTo(8);
    assertThat(layer.cache.observed()).isEmpty();
    assertThat(layer.cache.kept(0)).containsExactly(1, 5, 6, 7);
  }

  @Test
  void aStepLooksBackOnTheLastQueriesOnly() {
    // The first query of the tail would choose row 0, the last two ask the other way.
    Layer layer = new Layer(1, 1, selection(1, 2, 1, new Selection.Max(), false, 3), 3, "f32");
    layer.prefill(logs(3, 1, 9, 1, 1), ones(3), new double[3]);
    layer.step(1, 100);
    layer.step(1, -1);
    assertThat(layer.step(1, -1)).containsExactly(List.of(1, 4, 5));
  }

  @Test
  void aSecondSpanSelectsFromWhatIsKeptAndItsOwn() {
    Layer layer = new Layer(1, 1, selection(2, 1, 1, new Selection.Average(), false, 3), 3, "f32");
    assertThat(layer.prefill(logs(5, 1, 2, 1, 1, 1, 1), ones(5), new double[5]))
        .containsExactly(List.of(0, 1, 4));
    layer.step(8, 1);
    // Row 8 is observed; the windows 0 1, 4 5 and 6 7 have means 1.5, 4.5 and 1.
    assertThat(layer.prefill(logs(3, 1, 1, 1, 1), ones(3), new double[3]))
        .containsExactly(List.of(4, 5, 8));
  }

  @Test
  void followersKeepTheirOwnRowsAtTheSamePositions() {
    Layer leader = new Layer(1, 1, selection(1, 1, 1, new Selection.Max(), false, 2), 3, "bf16");
    ReferenceTensor keys = logs(5, 1, 1, 8, 2, 4, 1);
    List<List<Integer>> chosen = leader.prefill(keys, ones(5), new double[5]);
    Layer follower = leader.again();
    ReferenceTensor own = tensor(5, 1, 0.1, 0.2, 0.3, 0.4, 0.5);
    ReferenceCache cache = ReferenceCache.empty().append(follower.type, own, own);
    ReferenceCache kept =
        cache.keep(follower.type, follower.type.groups().getFirst(), chosen, 0, true);
    assertThat(kept.kept(0)).containsExactly(1, 3, 4);
    HeadGroup group = follower.type.groups().getFirst();
    assertThat(kept.form(group, 0, 3, 5, false)).isEqualTo(RowForm.STORED);
    assertThat(kept.key(follower.type, 3, 0, RowForm.STORED))
        .isEqualTo(ElementFormat.BF16.round(0.4f));
  }

  @Test
  void keptRowsAreCodedByTheirPlaceInTheList() {
    // 70 kept rows: the first 64 fill a page, whatever their positions; the rest stays as stored.
    Packing packing =
        new Packing(
            new QuantisedFormat(4, QuantisedFormat.Per.CHANNEL, 64),
            new QuantisedFormat(4, QuantisedFormat.Per.TOKEN, 16));
    RowBudget budget = new RowBudget(new RowBudget.Rows(70), 6, 1, new RowBudget.Uniform());
    CacheSegment tail =
        CacheSegment.of(CacheSegment.Kind.TAIL, ElementFormat.F32, 8, OptionalInt.empty());
    HeadGroup group =
        new HeadGroup(
            List.of(0),
            List.of(CacheSegment.kept(ElementFormat.F32, budget).withPacking(packing), tail));
    CacheType type = new CacheType(0, 1, 16, 16, List.of(group));
    ReferenceTensor rows = ReferenceTensor.of(140, 16, (row, _) -> row % 2 == 0 ? -1e6 : row);
    List<Integer> odd = IntStream.range(0, 70).map(index -> 2 * index + 1).boxed().toList();
    ReferenceCache cache =
        ReferenceCache.empty().append(type, rows, rows).keep(type, group, List.of(odd), 0, true);
    // Rows 1 3 .. 127 in 15 steps of 8.4; even rows, which f16 could not hold, are not among them.
    assertThat(cache.form(group, 0, 127, 140, false)).isEqualTo(RowForm.CODED);
    assertThat(cache.form(group, 0, 129, 140, false)).isEqualTo(RowForm.STORED);
    assertThat(cache.key(type, 1, 5, RowForm.CODED)).isEqualTo(1);
    assertThat(cache.key(type, 127, 5, RowForm.CODED)).isBetween(126.9, 127.1);
    assertThat(cache.key(type, 33, 5, RowForm.CODED)).isBetween(33.0, 36.0);
    // Selected again, they are coded from what they are read as.
    double before = cache.key(type, 33, 5, RowForm.CODED);
    ReferenceCache again = cache.keep(type, group, List.of(odd.subList(0, 68)), 140, false);
    assertThat(again.key(type, 33, 5, RowForm.STORED)).isEqualTo(before);
    assertThat(again.form(group, 0, 129, 140, false)).isEqualTo(RowForm.STORED);
    assertThat(again.key(type, 129, 5, RowForm.STORED)).isEqualTo(129);
  }

  private static List<Integer> prompt(
      int window, int observe, int pool, Selection.Score score, int budget, double... weights) {
    Layer layer =
        new Layer(1, 1, selection(window, observe, pool, score, false, 20), budget, "f32");
    // Queries but the last observed ones would turn everything round.
    ReferenceTensor queries =
        ReferenceTensor.of(
            weights.length, 1, (row, _) -> row == weights.length - 1 ? 1 : observe > 1 ? 0 : -1);
    ReferenceTensor keys = logs(weights.length, 1, weights);
    return layer.prefill(keys, queries, new double[weights.length]).getFirst();
  }

  private static Selection selection(
      int window, int observe, int pool, Selection.Score score, boolean perHead, int tail) {
    return new Selection(window, observe, pool, score, perHead, tail);
  }

  private static ReferenceTensor tensor(int rows, int columns, double... values) {
    return new ReferenceTensor(rows, columns, values);
  }

  private static ReferenceTensor logs(int rows, int columns, double... weights) {
    return ReferenceTensor.of(
        rows, columns, (row, column) -> Math.log(weights[row * columns + column]));
  }

  private static ReferenceTensor ones(int rows) {
    return ReferenceTensor.of(rows, 1, (_, _) -> 1);
  }

  /** A layer that selects from keys of one element. */
  private static final class Layer {
    private final int kvHeads;
    private final int queryHeads;
    private final Selection selection;
    private final int budget;
    private final String format;
    private final CacheType type;
    private ReferenceCache cache = ReferenceCache.empty();
    private Optional<Task> task = Optional.empty();

    Layer(int kvHeads, int queryHeads, Selection selection, int budget, String format) {
      this.kvHeads = kvHeads;
      this.queryHeads = queryHeads;
      this.selection = selection;
      this.budget = budget;
      this.format = format;
      ElementFormat element = ElementFormat.ofText(format);
      this.type =
          new CacheType(
              0,
              kvHeads,
              1,
              1,
              List.of(
                  new HeadGroup(
                      IntStream.range(0, kvHeads).boxed().toList(),
                      List.of(
                          CacheSegment.kept(
                              element,
                              new RowBudget(
                                  new RowBudget.Rows(budget),
                                  selection.observe(),
                                  selection.window(),
                                  new RowBudget.Uniform())),
                          CacheSegment.of(
                              CacheSegment.Kind.TAIL,
                              element,
                              selection.tail(),
                              OptionalInt.empty())))));
    }

    Layer again() {
      return new Layer(kvHeads, queryHeads, selection, budget, format);
    }

    List<List<Integer>> prefill(ReferenceTensor keys, ReferenceTensor queries, double[] lse) {
      return run(keys, queries, lse, true);
    }

    List<List<Integer>> step(double weight, double query) {
      return run(logs(1, 1, weight), tensor(1, 1, query), new double[1], false);
    }

    private List<List<Integer>> run(
        ReferenceTensor keys, ReferenceTensor queries, double[] lse, boolean prefill) {
      EvaluationContext context =
          new EvaluationContext(_ -> new double[0], cache.rows(), prefill, false, task);
      ReferenceCache appended = cache.append(type, keys, keys);
      Value cacheValue = new Value(0, "c", type);
      SelectRowsOp select =
          new SelectRowsOp(
              cacheValue,
              new Value(1, "q", TensorType.activation(queryHeads)),
              new Value(2, "lse", TensorType.activation(queryHeads)),
              queryHeads,
              1,
              selection);
      ReferenceTensor sums = tensor(queries.rows(), queryHeads, lse);
      ReferenceValue choice = select.evaluate(List.of(appended, queries, sums), context).getFirst();
      KeepRowsOp keep =
          new KeepRowsOp(cacheValue, new Value(3, "choice", select.resultTypes().getFirst()));
      cache = (ReferenceCache) keep.evaluate(List.of(appended, choice), context).getFirst();
      return ((ReferenceChoice) choice).lists();
    }
  }
}
