package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphParser;
import dev.kvasir.ir.graph.ops.Ops;
import dev.kvasir.ir.model.InMemoryWeights;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightType;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiPredicate;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The cache and its two modes, against masks and softmax written out here. */
class ReferenceEvaluatorTest {
  private static final int QUERY_HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int KEY_DIM = 4;
  private static final int VALUE_DIM = 6;
  private static final double SCALE = 0.7;

  private long seed;
  private int[] tokens = {};

  @BeforeEach
  void chooseTokens() {
    seed = new Random().nextLong();
    tokens = new Random(seed).ints(21, 0, 16).toArray();
  }

  @Test
  void aFullCacheAttendsEveryEarlierRow() {
    checkPrefill("[0, 1]: dense bf16", "", (_, _) -> true);
  }

  @Test
  void aStreamingHeadAttendsSinkAndRecentRows() {
    checkPrefill(
        "[0, 1]: sink bf16 rows 3 + ring bf16 rows 5",
        "",
        (query, row) -> row < 3 || query - row < 5);
  }

  @Test
  void aRingAloneIsASlidingWindow() {
    checkPrefill("[0, 1]: ring bf16 rows 5", "", (query, row) -> query - row < 5);
  }

  @Test
  void theWindowOfTheModelBindsASink() {
    checkPrefill(
        "[0, 1]: sink bf16 rows 3 window 9 + ring bf16 rows 5 window 9",
        ", window = 9",
        (query, row) -> query - row < 9 && (row < 3 || query - row < 5));
  }

  @Test
  void headsOfALayerDiffer() {
    ReferenceRun run = evaluator("[0]: dense f32; [1]: ring f32 rows 2", "").prefill(tokens);
    double[][][] keys = {rows(run, "k"), rows(run, "v")};
    for (int head = 0; head < QUERY_HEADS; head++) {
      boolean ring = head >= 2;
      checkRow(run, 20, 20, head, keys, (query, row) -> !ring || query - row < 2);
    }
  }

  @Test
  void aPromptAttendsItsOwnRowsUnroundedAndEarlierSpansAsStored() {
    ReferenceEvaluator evaluator = evaluator("[0, 1]: dense bf16", "");
    ReferenceRun first = evaluator.prefill(span(0, 13));
    ReferenceRun second = evaluator.prefill(span(13, 21));
    double[][][] rows = {
      join(rounded(rows(first, "k")), rows(second, "k")),
      join(rounded(rows(first, "v")), rows(second, "v"))
    };
    for (int row = 0; row < 8; row++) {
      for (int head = 0; head < QUERY_HEADS; head++) {
        checkRow(second, row, 13 + row, head, rows, (_, _) -> true);
      }
    }
    assertThat(evaluator.position()).isEqualTo(21);
  }

  @Test
  void aStepAttendsEveryRowAsStored() {
    ReferenceEvaluator evaluator = evaluator("[0, 1]: sink bf16 rows 3 + ring bf16 rows 5", "");
    ReferenceRun prompt = evaluator.prefill(span(0, 20));
    ReferenceRun step = evaluator.step(tokens[20]);
    double[][][] rows = {
      rounded(join(rows(prompt, "k"), rows(step, "k"))),
      rounded(join(rows(prompt, "v"), rows(step, "v")))
    };
    for (int head = 0; head < QUERY_HEADS; head++) {
      checkRow(step, 0, 20, head, rows, (query, row) -> row < 3 || query - row < 5);
    }
  }

  @Test
  void everyRowGivesTheLogitsThatItsOwnPromptGives() {
    ReferenceRun every = evaluator("[0, 1]: dense f32", "").prefillEveryRow(tokens);
    assertThat(every.allLogits().rows()).isEqualTo(21);
    for (int length : List.of(1, 8, 21)) {
      ReferenceRun one = evaluator("[0, 1]: dense f32", "").prefill(span(0, length));
      assertThat(every.allLogits().row(length - 1)).as("seed %s", seed).isEqualTo(one.logits());
      assertThat(one.allLogits().rows()).isEqualTo(1);
    }
    double[] last = every.logits();
    assertThat(last).isEqualTo(every.allLogits().row(20));
    for (double logit : last) {
      assertThat(logit).isLessThanOrEqualTo(last[every.next()]);
    }
  }

  @Test
  void weightsOfAModelAreReadByName() {
    Graph graph = graph("[0, 1]: dense f32", "");
    RandomWeights weights = new RandomWeights(graph, seed);
    List<Weight> stored =
        List.of(
            stored(weights, "embedding", 16, 8),
            stored(weights, "q", 16, 8),
            stored(weights, "k", 8, 8),
            stored(weights, "v", 12, 8),
            stored(weights, "logits", 16, 24));
    double[] logits =
        new ReferenceEvaluator(graph, new InMemoryWeights(stored)).prefill(tokens).logits();
    double[] rounded =
        new ReferenceEvaluator(
                graph, name -> DoubleStream.of(weights.apply(name)).map(x -> (float) x).toArray())
            .prefill(tokens)
            .logits();
    assertThat(logits).as("seed %s", seed).isEqualTo(rounded);
  }

  @Test
  void signedBytesAreMultipliedByTheScaleOfTheirRow() {
    Graph graph = graph("[0, 1]: dense f32", "");
    RandomWeights weights = new RandomWeights(graph, seed);
    byte[] codes = new byte[16 * 8];
    new Random(seed).nextBytes(codes);
    float[] scales = new float[16];
    double[] product = new double[codes.length];
    for (int i = 0; i < codes.length; i++) {
      int row = i / 8;
      scales[row] = 0.001f * (1 + row);
      product[i] = (double) codes[i] * scales[row];
    }
    List<Weight> stored =
        List.of(
            stored(weights, "embedding", 16, 8),
            new Weight("q", WeightType.I8, List.of(16L, 8L), MemorySegment.ofArray(codes)),
            InMemoryWeights.floats("q_scale", List.of(16L, 1L), scales),
            stored(weights, "k", 8, 8),
            stored(weights, "v", 12, 8),
            stored(weights, "logits", 16, 24));
    double[] expected =
        new ReferenceEvaluator(
                graph,
                name ->
                    name.equals("q")
                        ? product
                        : DoubleStream.of(weights.apply(name)).map(x -> (float) x).toArray())
            .prefill(tokens)
            .logits();
    double[] logits =
        new ReferenceEvaluator(graph, new InMemoryWeights(stored)).prefill(tokens).logits();
    assertThat(logits).as("seed %s", seed).isEqualTo(expected);
  }

  @Test
  void whatIsNotThereIsRefused() {
    ReferenceEvaluator evaluator = evaluator("[0, 1]: dense f32", "");
    assertThatThrownBy(evaluator::prefill).hasMessage("a span has at least one token");
    ReferenceRun run = evaluator.prefill(1);
    assertThatThrownBy(() -> run.tensor("z")).hasMessage("graph g has no value %z");
    assertThatThrownBy(() -> run.attention(1)).hasMessage("graph g has no layer 1");
    assertThatThrownBy(() -> run.tensor("cache")).hasMessage("%cache is a cache");
  }

  private void checkPrefill(String groups, String window, BiPredicate<Integer, Integer> visible) {
    ReferenceRun run = evaluator(groups, window).prefill(tokens);
    double[][][] rows = {rows(run, "k"), rows(run, "v")};
    for (int row = 0; row < tokens.length; row++) {
      for (int head = 0; head < QUERY_HEADS; head++) {
        checkRow(run, row, row, head, rows, visible);
      }
    }
  }

  /** One query row of one head; keys and values are rows 0 and 1 of {@code keysAndValues}. */
  private void checkRow(
      ReferenceRun run,
      int row,
      int position,
      int head,
      double[][][] keysAndValues,
      BiPredicate<Integer, Integer> visible) {
    double[] query = run.tensor("q").row(row);
    int kvHead = head * KV_HEADS / QUERY_HEADS;
    double sum = 0;
    double[] out = new double[VALUE_DIM];
    for (int other = 0; other <= position; other++) {
      if (visible.test(position, other)) {
        double dot = 0;
        for (int element = 0; element < KEY_DIM; element++) {
          dot +=
              query[head * KEY_DIM + element] * keysAndValues[0][other][kvHead * KEY_DIM + element];
        }
        double weight = Math.exp(SCALE * dot);
        sum += weight;
        for (int element = 0; element < VALUE_DIM; element++) {
          out[element] += weight * keysAndValues[1][other][kvHead * VALUE_DIM + element];
        }
      }
    }
    for (int element = 0; element < VALUE_DIM; element++) {
      assertThat(run.attention(0).at(row, head * VALUE_DIM + element))
          .as("row %s, head %s, seed %s", row, head, seed)
          .isCloseTo(out[element] / sum, within(1e-12));
    }
    assertThat(run.logSumExp(0).at(row, head)).isCloseTo(Math.log(sum), within(1e-12));
  }

  private ReferenceEvaluator evaluator(String groups, String window) {
    Graph graph = graph(groups, window);
    return new ReferenceEvaluator(graph, new RandomWeights(graph, seed));
  }

  private static Graph graph(String groups, String window) {
    return GraphParser.parse(
        new SourceText(
            "case",
            """
            graph g {
              parameter %tokens: i32[rows]
              parameter %cache: cache<layer 0, heads 2, key 4, value 6; GROUPS>
              %x = embed(%tokens) {weight = @embedding[16, 8]}
              %q = linear(%x) {weight = @q[16, 8]}
              %k = linear(%x) {weight = @k[8, 8]}
              %v = linear(%x) {weight = @v[12, 8]}
              %after = append_kv(%cache, %k, %v)
              %out, %lse = attention(%q, %after) {query_heads = 4, scale = 0.7WINDOW}
              %last = last_row(%out)
              %logits = linear(%last) {weight = @logits[16, 24]}
              %next = argmax(%logits)
              return %logits, %next, %after
            }
            """
                .replace("GROUPS", groups)
                .replace("WINDOW", window)),
        Ops.catalog());
  }

  private int[] span(int from, int to) {
    return Arrays.copyOfRange(tokens, from, to);
  }

  private static double[][] rows(ReferenceRun run, String name) {
    ReferenceTensor tensor = run.tensor(name);
    List<double[]> rows = new ArrayList<>();
    for (int row = 0; row < tensor.rows(); row++) {
      rows.add(tensor.row(row));
    }
    return rows.toArray(double[][]::new);
  }

  private static double[][] join(double[][] first, double[][] second) {
    List<double[]> rows = new ArrayList<>(List.of(first));
    rows.addAll(List.of(second));
    return rows.toArray(double[][]::new);
  }

  private static double[][] rounded(double[][] rows) {
    double[][] stored = new double[rows.length][];
    for (int row = 0; row < rows.length; row++) {
      stored[row] = new double[rows[row].length];
      for (int column = 0; column < rows[row].length; column++) {
        stored[row][column] = ElementFormat.BF16.round((float) rows[row][column]);
      }
    }
    return stored;
  }

  private static Weight stored(RandomWeights weights, String name, long rows, long columns) {
    double[] values = weights.apply(name);
    float[] elements = new float[values.length];
    for (int index = 0; index < values.length; index++) {
      elements[index] = (float) values[index];
    }
    return InMemoryWeights.floats(name, List.of(rows, columns), elements);
  }
}
