package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.reference.RandomWeights;
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
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What folds do to results. */
class FoldSemanticsTest {
  private static final int PROMPT = 40;
  private static final int STEPS = 14;

  private final long seed = new Random().nextLong();
  private final int[] tokens = new Random(seed).ints(PROMPT + STEPS, 0, 16).toArray();

  @Test
  void untilSlotsAndTailAreFullAttentionIsFull() {
    Graph full = graph("");
    Graph folded = graph("use fuse-kv-conv(slots = 44, block = 11, kernel = 3);");
    assertThat(folded).isNotEqualTo(full);
    Function<String, double[]> weights = new RandomWeights(folded, seed);
    List<double[]> expected = logits(full, weights);
    List<double[]> found = logits(folded, weights);
    for (int row = 0; row < expected.size(); row++) {
      assertThat(found.get(row))
          .as("row %s, seed %s", row, seed)
          .containsExactly(expected.get(row));
    }
  }

  @Test
  void behindAFoldItIsNot() {
    Graph full = graph("");
    Graph folded = graph("use fuse-kv-conv(slots = 10, block = 8, kernel = 3);");
    Function<String, double[]> weights = new RandomWeights(folded, seed);
    List<double[]> expected = logits(full, weights);
    List<double[]> found = logits(folded, weights);
    // The span itself attends everything, and its last row gives the first token.
    assertThat(found.getFirst()).containsExactly(expected.getFirst());
    assertThat(distance(found.getLast(), expected.getLast()))
        .as("seed %s", seed)
        .isGreaterThan(1e-6);
  }

  /** With alpha 0 the convolution has no effect, so that mixed slots hold rows of the model. */
  @Test
  void alphaZeroSelects() {
    Graph folded = graph("use fuse-kv-conv(slots = 10, block = 8, kernel = 3, keep = 20%);");
    Function<String, double[]> some = new RandomWeights(folded, seed);
    Function<String, double[]> others = new RandomWeights(folded, seed + 1);
    assertThat(distance(last(folded, some, 1), last(folded, mixed(some, others), 1)))
        .as("seed %s", seed)
        .isGreaterThan(1e-9);
    assertThat(last(folded, some, 0)).containsExactly(last(folded, mixed(some, others), 0));
  }

  /** Weights of the convolutions from elsewhere. */
  private static Function<String, double[]> mixed(
      Function<String, double[]> model, Function<String, double[]> convolutions) {
    return name -> name.contains("lococo") ? convolutions.apply(name) : model.apply(name);
  }

  private double[] last(Graph graph, Function<String, double[]> weights, double alpha) {
    return logits(
            graph,
            name ->
                name.equals(FoldRowsOp.name(0, "alpha"))
                        || name.equals(FoldRowsOp.name(1, "alpha"))
                        || name.equals(FoldRowsOp.name(2, "alpha"))
                    ? new double[] {alpha}
                    : weights.apply(name))
        .getLast();
  }

  @Test
  void aConvolutionOfNothingMixesMeans() {
    Graph folded =
        graph("use fuse-kv-conv(slots = 1, block = 1, kernel = 1, keep = 0%) on layers 0;");
    Function<String, double[]> random = new RandomWeights(folded, seed);
    Function<String, double[]> weights =
        name ->
            name.equals(FoldRowsOp.name(0, "alpha"))
                ? new double[] {1}
                : name.contains("lococo")
                    ? new double[random.apply(name).length]
                    : random.apply(name);
    ReferenceEvaluator evaluator = new ReferenceEvaluator(folded, weights);
    ReferenceTensor values = evaluator.prefill(Arrays.copyOf(tokens, 5)).tensor("layer.0.v");
    ReferenceRun step = evaluator.step(tokens[5]);
    // One slot of the mean, and the row itself: what comes out is between them.
    ReferenceTensor own = step.tensor("layer.0.v");
    ReferenceTensor out = step.attention(0);
    int dim = values.columns() / 2;
    for (int head = 0; head < 4; head++) {
      double[] ownRow = Arrays.copyOfRange(own.row(0), head / 2 * dim, (head / 2 + 1) * dim);
      double[] mean = new double[dim];
      for (int element = 0; element < dim; element++) {
        int column = head / 2 * dim + element;
        mean[element] =
            IntStream.range(0, 5)
                .mapToDouble(row -> values.at(row, column))
                .average()
                .orElseThrow();
      }
      double[] found = Arrays.copyOfRange(out.row(0), head * dim, (head + 1) * dim);
      int widest =
          IntStream.range(0, dim)
              .boxed()
              .max(Comparator.comparing(element -> Math.abs(ownRow[element] - mean[element])))
              .orElseThrow();
      double share = (found[widest] - mean[widest]) / (ownRow[widest] - mean[widest]);
      assertThat(share).as("seed %s", seed).isBetween(0.0, 1.0);
      for (int element = 0; element < dim; element++) {
        assertThat(found[element])
            .as("seed %s", seed)
            .isCloseTo(share * ownRow[element] + (1 - share) * mean[element], within(1e-5));
      }
    }
  }

  private static double distance(double[] one, double[] other) {
    return IntStream.range(0, one.length)
        .mapToDouble(index -> Math.abs(one[index] - other[index]))
        .max()
        .orElseThrow();
  }

  private static Graph graph(String uses) {
    return Passes.pipeline()
        .run(
            SmallModels.context(
                SmallModels.config(OptionalInt.empty(), true), ElementFormat.F32, uses),
            PassListener.NONE);
  }

  private List<double[]> logits(Graph graph, Function<String, double[]> weights) {
    ReferenceEvaluator evaluator = new ReferenceEvaluator(graph, weights);
    List<double[]> logits = new ArrayList<>();
    logits.add(evaluator.prefill(Arrays.copyOf(tokens, PROMPT)).logits());
    for (int step = 0; step < STEPS; step++) {
      logits.add(evaluator.step(tokens[PROMPT + step]).logits());
    }
    return logits;
  }
}
