package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.reference.RandomWeights;
import dev.kvasir.ir.reference.ReferenceCache;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.ir.reference.ReferenceRun;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.testing.SmallModels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What selection does to results, against attention and choices worked out from queries and keys.
 */
class SelectionSemanticsTest {
  private static final int PROMPT = 40;
  private static final int STEPS = 14;
  private static final int QUERY_HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int DIM = 4;
  private static final ModelConfig CONFIG = SmallModels.config(OptionalInt.empty(), true);

  private long seed;
  private int[] tokens = {};

  @BeforeEach
  void chooseTokens() {
    seed = new Random().nextLong();
    tokens = new Random(seed).ints(PROMPT + STEPS, 0, 16).toArray();
  }

  @Test
  void aBudgetOfAllRowsIsFullAttention() {
    Graph full = graph(ElementFormat.BF16, "");
    RandomWeights weights = new RandomWeights(full, seed);
    List<double[]> expected = logits(full, weights);
    for (String parameters :
        List.of(
            "budget = 64, observe = 4, window = 3, share = 3, tail = 5",
            "budget = 70, observe = 7, window = 8, share = 1, score = average, tail = 7",
            "budget = 100%, observe = 4, window = 1, pool = 5, per-head = true, tail = 4",
            "budget = pyramid(54), observe = 4, window = 1, tail = 6",
            "budget = 55, observe = 54, window = 1, share = 1, tail = 54",
            "budget = 64, observe = 3, window = 2, share = 3, score = random, tail = 3")) {
      Graph selected = graph(ElementFormat.BF16, "use select-window(" + parameters + ");");
      assertThat(selected).isNotEqualTo(full);
      List<double[]> found = logits(selected, weights);
      for (int row = 0; row < expected.size(); row++) {
        assertThat(found.get(row))
            .as("%s, row %s, seed %s", parameters, row, seed)
            .containsExactly(expected.get(row));
      }
    }
  }

  @Test
  void aSmallerBudgetIsNot() {
    Graph full = graph(ElementFormat.F32, "");
    Graph selected =
        graph(
            ElementFormat.F32,
            "use select-window(budget = 10, observe = 4, window = 2, share = 3, tail = 5);");
    RandomWeights weights = new RandomWeights(full, seed);
    List<double[]> expected = logits(full, weights);
    List<double[]> found = logits(selected, weights);
    // The span itself attends everything, and its last row gives the first token.
    assertThat(found.get(PROMPT - 1)).containsExactly(expected.get(PROMPT - 1));
    double[] last = found.getLast();
    double distance =
        IntStream.range(0, last.length)
            .mapToDouble(index -> Math.abs(last[index] - expected.getLast()[index]))
            .max()
            .orElseThrow();
    assertThat(distance).as("seed %s", seed).isGreaterThan(1e-6);
  }

  @Test
  void sharedSingleRowsAreChosenByTheMeanOfAllHeads() {
    for (int observe : new int[] {1, 4, 11}) {
      Selecting selecting =
          new Selecting(
              "budget = 12, window = 1, share = 3, score = average, tail = 13, observe = "
                  + observe,
              observe,
              12 - observe,
              13);
      selecting.check(0);
    }
  }

  @Test
  void tailsAreSelectedFromAgain() {
    Selecting selecting =
        new Selecting(
            "budget = 12, observe = 3, window = 1, share = 1, score = max, tail = 5", 3, 9, 5);
    selecting.check(0);
    selecting.check(2);
  }

  /**
   * A run in which layers choose single rows for all heads, followed for one layer from its queries
   * and keys alone.
   */
  private final class Selecting {
    private final Graph graph;
    private final int observe;
    private final int chosen;
    private final int tail;

    Selecting(String parameters, int observe, int chosen, int tail) {
      this.graph = graph(ElementFormat.F32, "use select-window(" + parameters + ");");
      this.observe = observe;
      this.chosen = chosen;
      this.tail = tail;
    }

    void check(int layer) {
      ReferenceEvaluator evaluator = new ReferenceEvaluator(graph, new RandomWeights(graph, seed));
      ReferenceRun run = evaluator.prefill(Arrays.copyOf(tokens, PROMPT));
      List<double[]> keys = new ArrayList<>();
      List<double[]> values = new ArrayList<>();
      add(run.tensor(name(layer, "k")), keys, false);
      add(run.tensor(name(layer, "v")), values, false);
      List<Integer> held = IntStream.range(0, PROMPT).boxed().toList();
      List<double[]> masses = new ArrayList<>();
      ReferenceTensor queries = run.tensor(name(layer, "q"));
      for (int row = PROMPT - observe; row < PROMPT; row++) {
        masses.add(mass(queries.row(row), row, held, keys));
      }
      held = choose(held, masses);
      assertThat(kept(graph, run, layer)).as("prompt, seed %s", seed).isEqualTo(held);
      round(keys);
      round(values);
      masses.clear();
      int sinceMark = 0;
      int selections = 0;
      for (int step = 0; step < STEPS; step++) {
        run = evaluator.step(tokens[PROMPT + step]);
        add(run.tensor(name(layer, "k")), keys, true);
        add(run.tensor(name(layer, "v")), values, true);
        held = new ArrayList<>(held);
        held.add(PROMPT + step);
        double[] query = run.tensor(name(layer, "q")).row(0);
        checkOutput(run.attention(layer).row(0), query, held, keys, values);
        masses.add(mass(query, PROMPT + step, held, keys));
        sinceMark++;
        if (sinceMark == tail) {
          held = choose(held, masses.subList(masses.size() - observe, masses.size()));
          assertThat(kept(graph, run, layer)).as("step %s, seed %s", step, seed).isEqualTo(held);
          masses.clear();
          sinceMark = 0;
          selections++;
        }
      }
      assertThat(selections).isEqualTo(STEPS / tail);
    }

    private List<Integer> choose(List<Integer> held, List<double[]> masses) {
      int last = held.getLast();
      List<Integer> kept = new ArrayList<>();
      held.stream()
          .filter(row -> row <= last - observe)
          .sorted(
              Comparator.comparing(
                      (Integer row) -> -masses.stream().mapToDouble(mass -> mass[row]).sum())
                  .thenComparing(Comparator.naturalOrder()))
          .limit(chosen)
          .forEach(kept::add);
      held.stream().filter(row -> row > last - observe).forEach(kept::add);
      return kept.stream().sorted().toList();
    }

    /** Softmax weight of each position, summed over query heads. */
    private double[] mass(double[] query, int position, List<Integer> held, List<double[]> keys) {
      double[] mass = new double[PROMPT + STEPS];
      for (int head = 0; head < QUERY_HEADS; head++) {
        double[] weights = weights(query, head, position, held, keys);
        for (int index = 0; index < weights.length; index++) {
          mass[held.get(index)] += weights[index];
        }
      }
      return mass;
    }

    private void checkOutput(
        double[] out,
        double[] query,
        List<Integer> held,
        List<double[]> keys,
        List<double[]> values) {
      for (int head = 0; head < QUERY_HEADS; head++) {
        double[] weights = weights(query, head, Integer.MAX_VALUE, held, keys);
        for (int element = 0; element < DIM; element++) {
          double sum = 0;
          for (int index = 0; index < weights.length; index++) {
            sum += weights[index] * values.get(held.get(index))[kvHead(head) * DIM + element];
          }
          assertThat(out[head * DIM + element])
              .as("head %s of %s rows, seed %s", head, held.size(), seed)
              .isCloseTo(sum, within(1e-12));
        }
      }
    }

    private double[] weights(
        double[] query, int head, int position, List<Integer> held, List<double[]> keys) {
      double[] weights = new double[held.size()];
      for (int index = 0; index < weights.length; index++) {
        double dot = 0;
        for (int element = 0; element < DIM; element++) {
          dot +=
              query[head * DIM + element] * keys.get(held.get(index))[kvHead(head) * DIM + element];
        }
        weights[index] = held.get(index) <= position ? Math.exp(dot / Math.sqrt(DIM)) : 0;
      }
      double total = Arrays.stream(weights).sum();
      return Arrays.stream(weights).map(weight -> weight / total).toArray();
    }
  }

  private static List<Integer> kept(Graph graph, ReferenceRun run, int layer) {
    ReferenceCache cache = (ReferenceCache) run.value(graph.results().get(layer + 2));
    List<Integer> first = cache.kept(0);
    for (int head = 1; head < KV_HEADS; head++) {
      assertThat(cache.kept(head)).isEqualTo(first);
    }
    return first;
  }

  private static int kvHead(int head) {
    return head / (QUERY_HEADS / KV_HEADS);
  }

  private static String name(int layer, String value) {
    return "layer." + layer + "." + value;
  }

  private static void add(ReferenceTensor tensor, List<double[]> rows, boolean stored) {
    for (int row = 0; row < tensor.rows(); row++) {
      rows.add(tensor.row(row));
    }
    if (stored) {
      round(rows.subList(rows.size() - tensor.rows(), rows.size()));
    }
  }

  /** What f32 makes of the rows. */
  private static void round(List<double[]> rows) {
    rows.replaceAll(row -> Arrays.stream(row).map(value -> (float) value).toArray());
  }

  private static Graph graph(ElementFormat storage, String statements) {
    return Passes.pipeline()
        .run(SmallModels.context(CONFIG, storage, statements), PassListener.NONE);
  }

  /** The logits of each prompt position and each step. */
  private List<double[]> logits(Graph graph, RandomWeights weights) {
    ReferenceEvaluator evaluator = new ReferenceEvaluator(graph, weights);
    ReferenceRun prompt = evaluator.prefillEveryRow(Arrays.copyOf(tokens, PROMPT));
    List<double[]> logits = new ArrayList<>();
    for (int row = 0; row < PROMPT; row++) {
      logits.add(prompt.allLogits().row(row));
    }
    for (int step = 0; step < STEPS; step++) {
      logits.add(evaluator.step(tokens[PROMPT + step]).logits());
    }
    return logits;
  }
}
