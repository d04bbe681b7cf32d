package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphParser;
import dev.kvasir.ir.graph.ops.Ops;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.QuantisedFormat.Per;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

/** What attention reads of a packed cache, run by run, against a softmax written out here. */
class PackedAttentionTest {
  private static final int DIM = 16;
  private static final int TOKENS = 16;
  private static final int LENGTH = 210;
  private static final int NONE = LENGTH;

  private final long seed = new Random().nextLong();
  private final int[] tokens = new Random(seed).ints(LENGTH, 0, TOKENS).toArray();

  @Test
  void aStepSeesClosedPagesDecodedAndItselfAsStored() {
    ReferenceEvaluator evaluator = evaluator("dense bf16");
    double[][] keys = new double[LENGTH][];
    double[][] values = new double[LENGTH][];
    collect(evaluator.prefill(span(0, 120)), 0, keys, values);
    for (int position = 120; position < 140; position++) {
      ReferenceRun run = evaluator.step(tokens[position]);
      collect(run, position, keys, values);
      // The step at 127 fills the second page and still sees it open.
      int closed = position < 128 ? 64 : 128;
      check(run, 0, position, read(keys, values, 0, closed, NONE), _ -> true);
    }
  }

  @Test
  void aSpanSeesClosedPagesDecodedTheOpenPageAsStoredAndItselfAsComputed() {
    ReferenceEvaluator evaluator = evaluator("dense bf16");
    double[][] keys = new double[LENGTH][];
    double[][] values = new double[LENGTH][];
    collect(evaluator.prefill(span(0, 70)), 0, keys, values);
    ReferenceRun run = evaluator.prefill(span(70, LENGTH));
    collect(run, 70, keys, values);
    double[][][] read = read(keys, values, 0, 64, 70);
    for (int row = 0; row < LENGTH - 70; row++) {
      check(run, row, 70 + row, read, _ -> true);
    }
  }

  @Test
  void theFirstSpanIsReadAsComputed() {
    double[] packed = evaluator("dense bf16").prefill(span(0, 200)).logits();
    Graph plain = graph("dense bf16");
    double[] unpacked =
        new ReferenceEvaluator(plain, new RandomWeights(plain, seed))
            .prefill(span(0, 200))
            .logits();
    assertThat(packed).as("seed %s", seed).isEqualTo(unpacked);
  }

  @Test
  void pagesOfARingCountFromBehindTheSink() {
    ReferenceEvaluator evaluator = evaluator("sink bf16 rows 5 + ring bf16 rows 90");
    double[][] keys = new double[LENGTH][];
    double[][] values = new double[LENGTH][];
    collect(evaluator.prefill(span(0, 130)), 0, keys, values);
    for (int position = 130; position < 205; position++) {
      ReferenceRun run = evaluator.step(tokens[position]);
      collect(run, position, keys, values);
      int query = position;
      int closed = 5 + (position < 133 ? 64 : position < 197 ? 128 : 192);
      check(
          run,
          0,
          position,
          read(keys, values, 5, closed, NONE),
          row -> row < 5 || query - row < 90);
    }
  }

  @Test
  void codedRowsAreNotTheStoredOnes() {
    ReferenceEvaluator packed = evaluator("dense bf16");
    Graph plain = graph("dense bf16");
    ReferenceEvaluator unpacked = new ReferenceEvaluator(plain, new RandomWeights(plain, seed));
    packed.prefill(span(0, 64));
    unpacked.prefill(span(0, 64));
    double[] one = packed.step(3).attention(0).values();
    double[] other = unpacked.step(3).attention(0).values();
    double distance = 0;
    for (int index = 0; index < one.length; index++) {
      distance = Math.max(distance, Math.abs(one[index] - other[index]));
    }
    assertThat(distance).as("seed %s", seed).isBetween(1e-7, 0.1);
  }

  private void check(
      ReferenceRun run, int row, int position, double[][][] rows, IntPredicate visible) {
    double[] query = run.tensor("q").row(row);
    double sum = 0;
    double[] out = new double[DIM];
    for (int other = 0; other <= position; other++) {
      if (visible.test(other)) {
        double dot = 0;
        for (int element = 0; element < DIM; element++) {
          dot += query[element] * rows[0][other][element];
        }
        double weight = Math.exp(0.25 * dot);
        sum += weight;
        for (int element = 0; element < DIM; element++) {
          out[element] += weight * rows[1][other][element];
        }
      }
    }
    for (int element = 0; element < DIM; element++) {
      assertThat(run.attention(0).at(row, element))
          .as("position %s, element %s, seed %s", position, element, seed)
          .isCloseTo(out[element] / sum, within(1e-12));
    }
    assertThat(run.logSumExp(0).at(row, 0)).isCloseTo(Math.log(sum), within(1e-12));
  }

  /**
   * Keys and values as attention reads them: decoded from {@code first} up to {@code closed},
   * computed from {@code computed} on, else rounded to bf16.
   */
  private static double[][][] read(
      double[][] keys, double[][] values, int first, int closed, int computed) {
    double[][] readKeys = rounded(keys, computed);
    double[][] readValues = rounded(values, computed);
    QuantisedFormat perChannel = new QuantisedFormat(8, Per.CHANNEL, 32);
    for (int start = first; start < closed; start += 32) {
      for (int channel = 0; channel < DIM; channel++) {
        double[] group = new double[32];
        for (int row = 0; row < 32; row++) {
          group[row] = readKeys[start + row][channel];
        }
        ReferenceQuantiser.Coded coded = ReferenceQuantiser.code(perChannel, group);
        for (int row = 0; row < 32; row++) {
          readKeys[start + row][channel] = coded.decoded(row);
        }
      }
    }
    QuantisedFormat perToken = new QuantisedFormat(4, Per.TOKEN, 16);
    for (int row = first; row < closed; row++) {
      Arrays.setAll(
          readValues[row], ReferenceQuantiser.code(perToken, readValues[row].clone())::decoded);
    }
    return new double[][][] {readKeys, readValues};
  }

  private static double[][] rounded(double[][] rows, int computed) {
    double[][] read = new double[rows.length][DIM];
    for (int row = 0; row < rows.length && rows[row] != null; row++) {
      for (int element = 0; element < DIM; element++) {
        double value = rows[row][element];
        read[row][element] = row < computed ? ElementFormat.BF16.round((float) value) : value;
      }
    }
    return read;
  }

  private static void collect(ReferenceRun run, int from, double[][] keys, double[][] values) {
    for (int row = 0; row < run.tensor("k").rows(); row++) {
      keys[from + row] = run.tensor("k").row(row);
      values[from + row] = run.tensor("v").row(row);
    }
  }

  private ReferenceEvaluator evaluator(String segments) {
    Graph graph =
        graph(
            segments
                + " packed key int8(per = channel, group = 32) value int4(per = token, group ="
                + " 16)");
    return new ReferenceEvaluator(graph, new RandomWeights(graph, seed));
  }

  private static Graph graph(String segments) {
    return GraphParser.parse(
        new SourceText(
            "case",
            """
            graph g {
              parameter %tokens: i32[rows]
              parameter %cache: cache<layer 0, heads 1, key 16, value 16; [0]: SEGMENTS>
              %q = embed(%tokens) {weight = @query[16, 16]}
              %k_pre = embed(%tokens) {weight = @key[16, 16]}
              %k = rope(%k_pre) {heads = 1, head_dim = 16, rotary = 16, theta = 100.0}
              %v = embed(%tokens) {weight = @value[16, 16]}
              %after = append_kv(%cache, %k, %v)
              %out, %lse = attention(%q, %after) {query_heads = 1, scale = 0.25}
              %last = last_row(%out)
              %logits = linear(%last) {weight = @logits[16, 16]}
              %next = argmax(%logits)
              return %logits, %next, %after
            }
            """
                .replace("SEGMENTS", segments)),
        Ops.catalog());
  }

  private int[] span(int from, int to) {
    return Arrays.copyOfRange(tokens, from, to);
  }
}
