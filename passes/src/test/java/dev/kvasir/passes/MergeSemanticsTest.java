package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.reference.RandomWeights;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.ir.reference.ReferenceRun;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.testing.SmallModels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What merging layers does to results, against the same model without it. */
class MergeSemanticsTest {
  private static final int PROMPT = 40;
  private static final int STEPS = 14;
  private static final ModelConfig CONFIG = SmallModels.config(OptionalInt.empty(), true);

  private long seed;
  private int[] tokens = {};

  @BeforeEach
  void chooseTokens() {
    seed = new Random().nextLong();
    tokens = new Random(seed).ints(PROMPT + STEPS, 0, 16).toArray();
  }

  @Test
  void retainingEveryRowIsFullAttention() {
    Graph full = graph(ElementFormat.BF16, "");
    RandomWeights weights = new RandomWeights(full, seed);
    List<double[]> expected = logits(full, weights);
    for (String parameters : List.of("from = 1, tail = 5", "from = 0%, t = 0, tail = 14")) {
      Graph merged =
          graph(ElementFormat.BF16, "use merge-layers(retain = 100%, " + parameters + ");");
      assertThat(merged).isNotEqualTo(full);
      List<double[]> found = logits(merged, weights);
      for (int row = 0; row < expected.size(); row++) {
        assertThat(found.get(row))
            .as("%s, row %s, seed %s", parameters, row, seed)
            .containsExactly(expected.get(row));
      }
    }
  }

  @Test
  void aTailThatIsNeverFullLeavesStepsAsTheyAre() {
    // Without a prompt of its own to merge, only full tails do: the first span is one token.
    Graph full = graph(ElementFormat.F32, "");
    Graph merged =
        graph(ElementFormat.F32, "use merge-layers(from = 1, retain = 100%, tail = 64);");
    RandomWeights weights = new RandomWeights(full, seed);
    ReferenceEvaluator one = new ReferenceEvaluator(full, weights);
    ReferenceEvaluator other = new ReferenceEvaluator(merged, weights);
    assertThat(other.prefill(tokens[0]).logits()).containsExactly(one.prefill(tokens[0]).logits());
    for (int token = 1; token < tokens.length; token++) {
      assertThat(other.step(tokens[token]).logits())
          .as("seed %s", seed)
          .containsExactly(one.step(tokens[token]).logits());
    }
  }

  @Test
  void eachEndOfTheArcKeepsOneLayerAndChangesTheOther() {
    Graph full = graph(ElementFormat.F32, "");
    RandomWeights weights = new RandomWeights(full, seed);
    for (int t : new int[] {0, 1}) {
      // Layers 0 and 1 merge, tokens differ, and so does what layer 0 computes at t = 1 alone.
      Graph merged =
          graph(
              ElementFormat.F32,
              "use merge-layers(from = 0, retain = 0%, tail = 64, t = " + t + ") on layers 0..1;");
      ReferenceEvaluator plain = new ReferenceEvaluator(full, weights);
      ReferenceEvaluator shared = new ReferenceEvaluator(merged, weights);
      int[] prompt = Arrays.copyOf(tokens, PROMPT);
      plain.prefill(prompt);
      shared.prefill(prompt);
      ReferenceRun expected = plain.step(tokens[PROMPT]);
      ReferenceRun found = shared.step(tokens[PROMPT]);
      double[] first = expected.attention(0).values();
      double[] read = found.attention(0).values();
      double distance = 0;
      for (int element = 0; element < first.length; element++) {
        distance = Math.max(distance, Math.abs(first[element] - read[element]));
      }
      if (t == 0) {
        // Its own directions, and norms that f16 rounds.
        assertThat(distance).as("seed %s", seed).isLessThan(1e-2);
      } else {
        assertThat(distance).as("seed %s", seed).isGreaterThan(1e-2);
      }
    }
  }

  @Test
  void whatIsMergedInOneSpanIsNotReadInIt() {
    Graph full = graph(ElementFormat.F32, "");
    Graph merged = graph(ElementFormat.F32, "use merge-layers(from = 1, retain = 5%, tail = 5);");
    RandomWeights weights = new RandomWeights(full, seed);
    List<double[]> expected = logits(full, weights);
    List<double[]> found = logits(merged, weights);
    for (int row = 0; row < PROMPT; row++) {
      assertThat(found.get(row)).containsExactly(expected.get(row), within(1e-12));
    }
    double distance = 0;
    for (int element = 0; element < found.getLast().length; element++) {
      distance =
          Math.max(distance, Math.abs(found.getLast()[element] - expected.getLast()[element]));
    }
    assertThat(distance).as("seed %s", seed).isGreaterThan(1e-6);
  }

  @Test
  void retainingEveryChosenRowIsSelection() {
    for (String selection :
        List.of(
            "window = 4, observe = 3, share = 2, tail = 5",
            "window = 1, pool = 3, observe = 2, share = 2, per-head = true, tail = 3",
            "window = 2, observe = 5, share = 2, score = average, tail = 5")) {
      String select = "use select-window(budget = 40%, " + selection + ") on layers 0..1; ";
      String tail = selection.substring(selection.indexOf("tail"));
      Graph selected = graph(ElementFormat.BF16, select);
      Graph merged =
          graph(
              ElementFormat.BF16,
              select + "use merge-layers(from = 0, retain = 100%, " + tail + ") on layers 0..1;");
      RandomWeights weights = new RandomWeights(selected, seed);
      List<double[]> expected = logits(selected, weights);
      List<double[]> found = logits(merged, weights);
      for (int row = 0; row < expected.size(); row++) {
        assertThat(found.get(row))
            .as("%s, row %s, seed %s", selection, row, seed)
            .containsExactly(expected.get(row));
      }
    }
  }

  @Test
  void choosingEveryRowIsMerging() {
    // Directions are merged again with every choice, which rounding alone moves.
    Graph all =
        graph(
            ElementFormat.F32, "use merge-layers(from = 0, retain = 0%, tail = 5) on layers 0..1;");
    Graph chosen =
        graph(
            ElementFormat.F32,
            "use select-window(budget = 100%, observe = 3, share = 2, tail = 5) on layers 0..1;"
                + " use merge-layers(from = 0, retain = 0%, tail = 5) on layers 0..1;");
    RandomWeights weights = new RandomWeights(all, seed);
    List<double[]> expected = logits(all, weights);
    List<double[]> found = logits(chosen, weights);
    for (int row = 0; row < expected.size(); row++) {
      assertThat(found.get(row))
          .as("row %s, seed %s", row, seed)
          .containsExactly(expected.get(row), within(1e-4));
    }
  }

  private List<double[]> logits(Graph graph, RandomWeights weights) {
    ReferenceEvaluator evaluator = new ReferenceEvaluator(graph, weights);
    List<double[]> logits = new ArrayList<>();
    ReferenceRun prompt = evaluator.prefillEveryRow(Arrays.copyOf(tokens, PROMPT));
    for (int row = 0; row < PROMPT; row++) {
      logits.add(prompt.allLogits().row(row));
    }
    for (int token = PROMPT; token < tokens.length; token++) {
      logits.add(evaluator.step(tokens[token]).logits());
    }
    return logits;
  }

  private static Graph graph(ElementFormat storage, String statements) {
    return Passes.pipeline()
        .run(SmallModels.context(CONFIG, storage, statements), PassListener.NONE);
  }
}
