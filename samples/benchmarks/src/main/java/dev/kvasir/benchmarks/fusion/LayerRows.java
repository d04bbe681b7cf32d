package dev.kvasir.benchmarks.fusion;

import dev.kvasir.ir.type.ElementFormat;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * The rows of one layer as a cache holds them that knows no technique: keys apart from values, row
 * by row, bf16; and queries.
 */
final class LayerRows {

  /** Query heads. */
  static final int QUERY_HEADS = 32;

  /** KV heads. */
  static final int KV_HEADS = 8;

  /** Elements of a row. */
  static final int DIM = 128;

  /** Query heads of a KV head. */
  static final int GROUP = QUERY_HEADS / KV_HEADS;

  /** Factor on q.k. */
  static final double SCALE = 1 / Math.sqrt(DIM);

  /** Queries at the end of a prompt that a selection looks at. */
  static final int OBSERVE = 32;

  /** Queries of a KV head that a selection looks at. */
  static final int COLUMNS = OBSERVE * GROUP;

  private static final long SEED = 7;

  /** Rows of each KV head. */
  final int tokens;

  /** By KV head, [tokens, dim]. */
  final short[][] keys = new short[KV_HEADS][];

  /** By KV head, [tokens, dim]. */
  final short[][] values = new short[KV_HEADS][];

  /** The last queries of the prompt, [observe, query heads, dim]. */
  final float[] queries = new float[OBSERVE * QUERY_HEADS * DIM];

  /** Draws them, the same ones each time. */
  LayerRows(int tokens) {
    this.tokens = tokens;
    SplittableRandom random = new SplittableRandom(SEED);
    for (int head = 0; head < KV_HEADS; head++) {
      keys[head] = drawn(random);
      values[head] = drawn(random);
    }
    for (int i = 0; i < queries.length; i++) {
      queries[i] = (float) random.nextGaussian();
    }
  }

  private short[] drawn(RandomGenerator random) {
    short[] rows = new short[tokens * DIM];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = ElementFormat.toBfloat16((float) random.nextGaussian());
    }
    return rows;
  }

  /** {@return an element of a row} */
  static float element(short[] rows, int row, int channel) {
    return ElementFormat.fromBfloat16(rows[row * DIM + channel]);
  }

  /** {@return the logit of an observed query at a row of its KV head} */
  double logit(int query, int queryHead, int row) {
    short[] own = keys[queryHead / GROUP];
    int from = (query * QUERY_HEADS + queryHead) * DIM;
    double sum = 0;
    for (int i = 0; i < DIM; i++) {
      sum += (double) queries[from + i] * element(own, row, i);
    }
    return sum * SCALE;
  }

  /** {@return the logarithm of the sum of exponentials of an observed query} */
  double logSumExp(int query, int queryHead) {
    double sum = 0;
    // Logits of Gaussians over the root of their dimension are small.
    for (int row = 0; row <= tokens - OBSERVE + query; row++) {
      sum += Math.exp(logit(query, queryHead, row));
    }
    return Math.log(sum);
  }
}
