package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.GROUP;
import static dev.kvasir.benchmarks.fusion.LayerRows.KV_HEADS;
import static dev.kvasir.benchmarks.fusion.LayerRows.QUERY_HEADS;
import static dev.kvasir.benchmarks.fusion.Wide.FLOATS;
import static dev.kvasir.benchmarks.fusion.Wide.LANES;

import dev.kvasir.benchmarks.Team;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * A step's attention over contiguous rows, as three passes over each head: logits, softmax, the sum
 * of values.
 */
final class SeparateAttention {

  private final float[] queries = new float[QUERY_HEADS * DIM];
  private final float[][] logits;
  private final Team team;

  /** [query heads, dim]. */
  final float[] output = new float[QUERY_HEADS * DIM];

  /**
   * Makes ready.
   *
   * @param most most rows
   */
  SeparateAttention(LayerRows rows, int most, Team team) {
    this.team = team;
    for (int i = 0; i < queries.length; i++) {
      queries[i] = (float) (rows.queries[i] * LayerRows.SCALE);
    }
    logits = new float[KV_HEADS][GROUP * most];
  }

  /** Attends {@code count} rows of each head. */
  void run(short[][] keys, short[][] values, int count) {
    int threads = team.threads();
    team.run(
        part -> {
          for (int head = part; head < KV_HEADS; head += threads) {
            int from = head * GROUP * DIM;
            score(keys[head], count, queries, from, logits[head]);
            for (int member = 0; member < GROUP; member++) {
              softmax(logits[head], member * count, count);
            }
            for (int channel = 0; channel < DIM; channel += 2 * LANES) {
              sum(values[head], count, logits[head], channel, output, from + channel);
            }
          }
        });
  }

  /** Logits of four queries, [queries, rows]. */
  private static void score(short[] keys, int count, float[] queries, int from, float[] logits) {
    for (int row = 0; row < count; row++) {
      FloatVector a = FloatVector.zero(FLOATS);
      FloatVector b = a;
      FloatVector c = a;
      FloatVector d = a;
      for (int i = 0; i < DIM; i += LANES) {
        FloatVector key = Wide.load(keys, row * DIM + i);
        a = key.fma(FloatVector.fromArray(FLOATS, queries, from + i), a);
        b = key.fma(FloatVector.fromArray(FLOATS, queries, from + DIM + i), b);
        c = key.fma(FloatVector.fromArray(FLOATS, queries, from + 2 * DIM + i), c);
        d = key.fma(FloatVector.fromArray(FLOATS, queries, from + 3 * DIM + i), d);
      }
      logits[row] = a.reduceLanes(VectorOperators.ADD);
      logits[count + row] = b.reduceLanes(VectorOperators.ADD);
      logits[2 * count + row] = c.reduceLanes(VectorOperators.ADD);
      logits[3 * count + row] = d.reduceLanes(VectorOperators.ADD);
    }
  }

  private static void softmax(float[] logits, int from, int count) {
    int end = from + count;
    int whole = from + count / LANES * LANES;
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = from; i < end; i++) {
      largest = Math.max(largest, logits[i]);
    }
    FloatVector sums = FloatVector.zero(FLOATS);
    for (int i = from; i < whole; i += LANES) {
      FloatVector weight =
          FloatVector.fromArray(FLOATS, logits, i).sub(largest).lanewise(VectorOperators.EXP);
      weight.intoArray(logits, i);
      sums = sums.add(weight);
    }
    float sum = sums.reduceLanes(VectorOperators.ADD);
    for (int i = whole; i < end; i++) {
      logits[i] = (float) Math.exp(logits[i] - largest);
      sum += logits[i];
    }
    float factor = 1 / sum;
    for (int i = from; i < end; i++) {
      logits[i] *= factor;
    }
  }

  /** Values of two vectors of channels, weighted by four queries' probabilities. */
  private static void sum(
      short[] values, int count, float[] weights, int channel, float[] output, int at) {
    FloatVector a0 = FloatVector.zero(FLOATS);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    for (int row = 0; row < count; row++) {
      FloatVector v0 = Wide.load(values, row * DIM + channel);
      FloatVector v1 = Wide.load(values, row * DIM + channel + LANES);
      FloatVector weight = FloatVector.broadcast(FLOATS, weights[row]);
      a0 = v0.fma(weight, a0);
      a1 = v1.fma(weight, a1);
      weight = FloatVector.broadcast(FLOATS, weights[count + row]);
      b0 = v0.fma(weight, b0);
      b1 = v1.fma(weight, b1);
      weight = FloatVector.broadcast(FLOATS, weights[2 * count + row]);
      c0 = v0.fma(weight, c0);
      c1 = v1.fma(weight, c1);
      weight = FloatVector.broadcast(FLOATS, weights[3 * count + row]);
      d0 = v0.fma(weight, d0);
      d1 = v1.fma(weight, d1);
    }
    a0.intoArray(output, at);
    a1.intoArray(output, at + LANES);
    b0.intoArray(output, at + DIM);
    b1.intoArray(output, at + DIM + LANES);
    c0.intoArray(output, at + 2 * DIM);
    c1.intoArray(output, at + 2 * DIM + LANES);
    d0.intoArray(output, at + 3 * DIM);
    d1.intoArray(output, at + 3 * DIM + LANES);
  }

  /**
   * Compares with another output.
   *
   * @throws IllegalStateException when they are farther apart than single precision makes them
   */
  void require(float[] other, double bar) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < output.length; i++) {
      error += Math.pow(output[i] - (double) other[i], 2);
      norm += Math.pow(output[i], 2);
    }
    if (!(Math.sqrt(error / norm) <= bar)) {
      throw new IllegalStateException(
          "outputs differ by %.3g: %s".formatted(Math.sqrt(error / norm), Arrays.toString(other)));
    }
  }
}
