package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.DiagnosticCode;
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

/** What passes do to results: nothing, or exactly what the technique says. */
class SemanticsTest {
  private static final int PROMPT = 40;
  private static final int STEPS = 9;

  private long seed;
  private int[] tokens = {};

  @BeforeEach
  void chooseTokens() {
    seed = new Random().nextLong();
    tokens = new Random(seed).ints(PROMPT + STEPS, 0, 16).toArray();
  }

  @Test
  void everyLosslessPassKeepsResults() {
    for (OptionalInt window : List.of(OptionalInt.empty(), OptionalInt.of(11))) {
      ModelConfig config = SmallModels.config(window, window.isEmpty());
      String streaming = "use group-heads(retrieval = [1], sink = 3, recent = 7);";
      List<PassEvent> events = new ArrayList<>();
      Graph finished =
          Passes.pipeline()
              .run(SmallModels.context(config, ElementFormat.BF16, streaming), events::add);
      RandomWeights weights = new RandomWeights(finished, seed);
      int compared = 0;
      for (PassEvent event : events) {
        if (List.of("fuse-residual", "fuse-gated-linear", "remove-dead-ops")
            .contains(event.passId())) {
          assertSameLogits(logits(event.before(), weights), logits(event.after(), weights), 1e-12);
          compared++;
        }
      }
      assertThat(compared).isEqualTo(3);
    }
  }

  @Test
  void streamingHeadsAttendWhatAMaskSays() {
    ModelConfig config = SmallModels.config(OptionalInt.empty(), true);
    Graph graph =
        graph(
            config,
            ElementFormat.F32,
            "use group-heads(criterion = head, retrieval = [head(0, 1), head(2, 0), head(2, 1)],"
                + " sink = 3, recent = 7);");
    ReferenceEvaluator evaluator = new ReferenceEvaluator(graph, new RandomWeights(graph, seed));
    ReferenceRun run = evaluator.prefill(Arrays.copyOf(tokens, PROMPT));
    int masked = 0;
    for (int layer = 0; layer < config.layers(); layer++) {
      for (int head = 0; head < config.queryHeads(); head++) {
        int kvHead = head / 2;
        boolean streams = layer == 1 || (layer == 0 && kvHead == 0);
        masked += streams ? 1 : 0;
        checkHead(run, layer, head, kvHead, streams);
      }
    }
    assertThat(masked).isEqualTo(6);
  }

  @Test
  void aRingOfAllRowsIsFullAttention() {
    ModelConfig config = SmallModels.config(OptionalInt.empty(), true);
    for (String statements :
        List.of(
            "use group-heads(retrieval = [], sink = 0, recent = 49);",
            "use group-heads(retrieval = [], sink = 5, recent = 44);",
            "use group-heads(criterion = head, retrieval = [head(1, 1)], sink = 50, recent ="
                + " 1);")) {
      Graph full = graph(config, ElementFormat.BF16, "");
      Graph ring = graph(config, ElementFormat.BF16, statements);
      assertThat(ring).isNotEqualTo(full);
      RandomWeights weights = new RandomWeights(full, seed);
      assertSameLogits(logits(full, weights), logits(ring, weights), 0);
    }
  }

  @Test
  void aShorterRingIsNot() {
    ModelConfig config = SmallModels.config(OptionalInt.empty(), true);
    Graph full = graph(config, ElementFormat.BF16, "");
    Graph ring =
        graph(config, ElementFormat.BF16, "use group-heads(retrieval = [], sink = 3, recent = 5);");
    RandomWeights weights = new RandomWeights(full, seed);
    double[] fullLast = logits(full, weights).getLast();
    double[] ringLast = logits(ring, weights).getLast();
    assertThat(distance(fullLast, ringLast)).as("seed %s", seed).isGreaterThan(1e-6);
  }

  @Test
  void compensationChangesNothingUntilAPageIsDropped() {
    ModelConfig config = SmallModels.config(OptionalInt.empty(), true);
    String ring = "retrieval = [1], sink = 3, recent = 5";
    Graph plain = graph(config, ElementFormat.BF16, "use group-heads(" + ring + ");");
    Graph compensated =
        graph(config, ElementFormat.BF16, "use group-heads(" + ring + ", compensate = true);");
    assertThat(compensated).isNotEqualTo(plain);
    RandomWeights weights = new RandomWeights(plain, seed);
    assertSameLogits(logits(plain, weights), logits(compensated, weights), 0);
    // A ring of 5 rows has two pages: the row behind the sink and 128 more takes the first over.
    tokens = new Random(seed).ints(PROMPT + 3 + 2 * 64 + 1, 0, 16).toArray();
    List<double[]> one = longLogits(plain, weights);
    List<double[]> two = longLogits(compensated, weights);
    assertSameLogits(one.subList(0, one.size() - 1), two.subList(0, one.size() - 1), 0);
    assertThat(distance(one.getLast(), two.getLast())).as("seed %s", seed).isGreaterThan(1e-6);
  }

  /** The logits of a prompt and of the first step that drops a page. */
  private List<double[]> longLogits(Graph graph, RandomWeights weights) {
    ReferenceEvaluator evaluator = new ReferenceEvaluator(graph, weights);
    double[] prompt = evaluator.prefill(Arrays.copyOf(tokens, 3 + 2 * 64)).logits();
    return List.of(prompt, evaluator.step(tokens[3 + 2 * 64]).logits());
  }

  @Test
  void compensationIsRefusedWhereTheModelHasAWindow() {
    ModelConfig config = SmallModels.config(OptionalInt.of(11), false);
    assertThatThrownBy(
            () ->
                graph(
                    config,
                    ElementFormat.BF16,
                    "use group-heads(retrieval = [1], compensate = true);"))
        .isInstanceOfSatisfying(
            CompileException.class,
            refused ->
                assertThat(refused.diagnostics().getFirst().code())
                    .isEqualTo(DiagnosticCode.LAYER_HAS_WINDOW))
        .hasMessageContaining("layer 0 has a sliding window of its own");
  }

  @Test
  void retrievalEverywhereChangesNothing() {
    ModelConfig config = SmallModels.config(OptionalInt.empty(), true);
    assertThat(
            graph(
                config,
                ElementFormat.BF16,
                "use group-heads(retrieval = [0, 1, 2], sink = 3, recent = 5);"))
        .isEqualTo(graph(config, ElementFormat.BF16, ""));
  }

  @Test
  void storageFormatsRoundStepsAndNotAPromptInOneSpan() {
    ModelConfig config = SmallModels.config(OptionalInt.empty(), true);
    Graph rounded = graph(config, ElementFormat.BF16, "");
    Graph exact = graph(config, ElementFormat.BF16, "use store-kv(format = f32);");
    RandomWeights weights = new RandomWeights(rounded, seed);
    List<double[]> roundedLogits = logits(rounded, weights);
    List<double[]> exactLogits = logits(exact, weights);
    assertSameLogits(roundedLogits.subList(0, PROMPT), exactLogits.subList(0, PROMPT), 0);
    assertThat(distance(roundedLogits.getLast(), exactLogits.getLast()))
        .as("seed %s", seed)
        .isBetween(1e-7, 0.1);
  }

  private void checkHead(ReferenceRun run, int layer, int head, int kvHead, boolean streams) {
    String prefix = "layer." + layer + ".";
    for (int row = 0; row < PROMPT; row++) {
      double[] query = run.tensor(prefix + "q").row(row);
      double sum = 0;
      double[] out = new double[4];
      for (int other = 0; other <= row; other++) {
        if (streams && other >= 3 && row - other >= 7) {
          continue;
        }
        double dot = 0;
        for (int element = 0; element < 4; element++) {
          dot +=
              query[head * 4 + element] * run.tensor(prefix + "k").at(other, kvHead * 4 + element);
        }
        double weight = Math.exp(dot / 2);
        sum += weight;
        for (int element = 0; element < 4; element++) {
          out[element] += weight * run.tensor(prefix + "v").at(other, kvHead * 4 + element);
        }
      }
      for (int element = 0; element < 4; element++) {
        assertThat(run.attention(layer).at(row, head * 4 + element))
            .as("layer %s, head %s, row %s, seed %s", layer, head, row, seed)
            .isCloseTo(out[element] / sum, within(1e-12));
      }
      assertThat(run.logSumExp(layer).at(row, head)).isCloseTo(Math.log(sum), within(1e-12));
    }
  }

  private static Graph graph(ModelConfig config, ElementFormat storage, String statements) {
    return Passes.pipeline()
        .run(SmallModels.context(config, storage, statements), PassListener.NONE);
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

  private void assertSameLogits(List<double[]> one, List<double[]> two, double tolerance) {
    assertThat(one).hasSameSizeAs(two);
    for (int row = 0; row < one.size(); row++) {
      assertThat(distance(one.get(row), two.get(row)))
          .as("row %s, seed %s", row, seed)
          .isLessThanOrEqualTo(tolerance);
    }
  }

  private static double distance(double[] one, double[] two) {
    double largest = 0;
    for (int index = 0; index < one.length; index++) {
      largest = Math.max(largest, Math.abs(one[index] - two[index]));
    }
    return largest;
  }
}
