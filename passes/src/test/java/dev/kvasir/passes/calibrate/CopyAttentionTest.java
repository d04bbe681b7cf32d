package dev.kvasir.passes.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights of attention, beside a whole softmax over every visible position. */
class CopyAttentionTest {
  private static final double SCALE = 0.3;

  @ParameterizedTest
  @CsvSource({"1, 1, 4, 2, 0", "4, 2, 3, 5, 0", "8, 1, 5, 7, 0", "4, 4, 2, 9, 9", "2, 1, 3, 6, 5"})
  void agreesWithAWholeSoftmax(int queryHeads, int kvHeads, int dim, int block, int window) {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int rows = 3 * block;
    OptionalInt sight = window == 0 ? OptionalInt.empty() : OptionalInt.of(window);
    double[][][] queries = random(random, queryHeads, rows, dim);
    double[][][] keys = random(random, kvHeads, rows, dim);
    int group = queryHeads / kvHeads;
    CopyAttention.Heads heads = new CopyAttention.Heads(queryHeads, kvHeads, dim, SCALE, sight);
    List<CopyAttention> blocks = new ArrayList<>();
    double[] echo = new double[queryHeads];
    double[] induction = new double[queryHeads];
    for (int number = 1; number < 3; number++) {
      float[] lse = new float[queryHeads * block];
      for (int head = 0; head < queryHeads; head++) {
        for (int row = 0; row < block; row++) {
          int position = number * block + row;
          double[] weights = softmax(queries[head][position], keys[head / group], position, sight);
          echo[head] += weights[position - block] / (2 * block);
          induction[head] += weights[position - block + 1] / (2 * block);
          lse[head * block + row] = (float) weights[rows];
        }
      }
      blocks.add(
          CopyAttention.ofBlock(
              heads,
              block,
              flat(queries, number, block),
              lse,
              flat(keys, number - 1, block),
              flat(keys, number, block)));
    }

    CopyAttention mean = CopyAttention.mean(blocks);

    for (int head = 0; head < queryHeads; head++) {
      assertThat(mean.echo().get(head)).as("seed %s", seed).isCloseTo(echo[head], within(1e-5));
      assertThat(mean.induction().get(head))
          .as("seed %s", seed)
          .isCloseTo(induction[head], within(1e-5));
    }
    CopyAttention shared = mean.ofGroups(kvHeads);
    for (int head = 0; head < kvHeads; head++) {
      double largest = 0;
      for (int member = head * group; member < (head + 1) * group; member++) {
        largest = Math.max(largest, induction[member]);
      }
      assertThat(shared.induction().get(head)).isCloseTo(largest, within(1e-5));
    }
    assertThat(shared.echo()).hasSize(kvHeads);
  }

  /** The weight of each position, and behind them the logarithm of the sum. */
  private static double[] softmax(
      double[] query, double[][] keys, int position, OptionalInt window) {
    double[] weights = new double[keys.length + 1];
    double sum = 0;
    for (int at = 0; at <= position; at++) {
      if (window.isPresent() && at <= position - window.getAsInt()) {
        continue;
      }
      double logit = 0;
      for (int i = 0; i < query.length; i++) {
        logit += query[i] * keys[at][i];
      }
      weights[at] = Math.exp(SCALE * logit);
      sum += weights[at];
    }
    for (int at = 0; at <= position; at++) {
      weights[at] /= sum;
    }
    weights[keys.length] = Math.log(sum);
    return weights;
  }

  private static double[][][] random(Random random, int heads, int rows, int dim) {
    double[][][] values = new double[heads][rows][dim];
    for (double[][] head : values) {
      for (double[] row : head) {
        for (int i = 0; i < dim; i++) {
          row[i] = (float) (2 * random.nextGaussian());
        }
      }
    }
    return values;
  }

  private static float[] flat(double[][][] values, int number, int block) {
    int dim = values[0][0].length;
    float[] flat = new float[values.length * block * dim];
    int next = 0;
    for (double[][] head : values) {
      for (int row = number * block; row < (number + 1) * block; row++) {
        for (double value : head[row]) {
          flat[next++] = (float) value;
        }
      }
    }
    return flat;
  }
}
