package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.COLUMNS;
import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.GROUP;
import static dev.kvasir.benchmarks.fusion.Wide.FLOATS;
import static dev.kvasir.benchmarks.fusion.Wide.LANES;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The passes of a selection over one KV head, each a loop of its own over memory: logits of all
 * observed queries, softmax, sum over queries, pool or windows. Logits lie [rows, queries].
 */
final class PlainPasses {

  private static final int ROW_BLOCK = 4;

  private PlainPasses() {}

  /**
   * {@return the scaled queries of a KV head, [dim, observed queries and query heads]}
   *
   * @param head KV head
   */
  static float[] transposed(LayerRows rows, int head) {
    float[] transposed = new float[DIM * COLUMNS];
    for (int column = 0; column < COLUMNS; column++) {
      int query = column / GROUP;
      int queryHead = head * GROUP + column % GROUP;
      for (int i = 0; i < DIM; i++) {
        transposed[i * COLUMNS + column] =
            (float)
                (rows.queries[(query * LayerRows.QUERY_HEADS + queryHead) * DIM + i]
                    * LayerRows.SCALE);
      }
    }
    return transposed;
  }

  /** Writes q.k of all rows and observed queries; rows after a query get minus infinity. */
  static void logits(short[] keys, float[] transposed, float[] logits, float[] block) {
    int tokens = keys.length / DIM;
    for (int row = 0; row < tokens; row += ROW_BLOCK) {
      Wide.copy(keys, row * DIM, block, ROW_BLOCK * DIM);
      for (int column = 0; column < COLUMNS; column += 4 * LANES) {
        products(block, transposed, column, logits, row * COLUMNS + column);
      }
    }
    for (int column = 0; column < COLUMNS; column++) {
      for (int row = tokens - LayerRows.OBSERVE + column / GROUP + 1; row < tokens; row++) {
        logits[row * COLUMNS + column] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  private static void products(float[] block, float[] queries, int from, float[] out, int at) {
    FloatVector a0 = FloatVector.zero(FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector c2 = a0;
    FloatVector c3 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    FloatVector d2 = a0;
    FloatVector d3 = a0;
    int q = from;
    for (int i = 0; i < DIM; i++) {
      FloatVector q0 = FloatVector.fromArray(FLOATS, queries, q);
      FloatVector q1 = FloatVector.fromArray(FLOATS, queries, q + LANES);
      FloatVector q2 = FloatVector.fromArray(FLOATS, queries, q + 2 * LANES);
      FloatVector q3 = FloatVector.fromArray(FLOATS, queries, q + 3 * LANES);
      FloatVector k = FloatVector.broadcast(FLOATS, block[i]);
      a0 = q0.fma(k, a0);
      a1 = q1.fma(k, a1);
      a2 = q2.fma(k, a2);
      a3 = q3.fma(k, a3);
      k = FloatVector.broadcast(FLOATS, block[DIM + i]);
      b0 = q0.fma(k, b0);
      b1 = q1.fma(k, b1);
      b2 = q2.fma(k, b2);
      b3 = q3.fma(k, b3);
      k = FloatVector.broadcast(FLOATS, block[2 * DIM + i]);
      c0 = q0.fma(k, c0);
      c1 = q1.fma(k, c1);
      c2 = q2.fma(k, c2);
      c3 = q3.fma(k, c3);
      k = FloatVector.broadcast(FLOATS, block[3 * DIM + i]);
      d0 = q0.fma(k, d0);
      d1 = q1.fma(k, d1);
      d2 = q2.fma(k, d2);
      d3 = q3.fma(k, d3);
      q += COLUMNS;
    }
    store(out, at, a0, a1, a2, a3);
    store(out, at + COLUMNS, b0, b1, b2, b3);
    store(out, at + 2 * COLUMNS, c0, c1, c2, c3);
    store(out, at + 3 * COLUMNS, d0, d1, d2, d3);
  }

  private static void store(
      float[] out, int at, FloatVector v0, FloatVector v1, FloatVector v2, FloatVector v3) {
    v0.intoArray(out, at);
    v1.intoArray(out, at + LANES);
    v2.intoArray(out, at + 2 * LANES);
    v3.intoArray(out, at + 3 * LANES);
  }

  /** Makes probabilities of logits: the maxima, the exponentials and their sums, the division. */
  static void softmax(float[] logits) {
    float[] largest = new float[COLUMNS];
    float[] sums = new float[COLUMNS];
    Arrays.fill(largest, Float.NEGATIVE_INFINITY);
    maxima(logits, largest);
    exponentials(logits, largest, sums);
    for (int column = 0; column < COLUMNS; column++) {
      sums[column] = 1 / sums[column];
    }
    scale(logits, sums);
  }

  private static void maxima(float[] logits, float[] largest) {
    for (int at = 0; at < logits.length; at += COLUMNS) {
      for (int column = 0; column < COLUMNS; column += LANES) {
        FloatVector.fromArray(FLOATS, largest, column)
            .max(FloatVector.fromArray(FLOATS, logits, at + column))
            .intoArray(largest, column);
      }
    }
  }

  private static void exponentials(float[] logits, float[] largest, float[] sums) {
    for (int at = 0; at < logits.length; at += COLUMNS) {
      for (int column = 0; column < COLUMNS; column += LANES) {
        FloatVector weight =
            FloatVector.fromArray(FLOATS, logits, at + column)
                .sub(FloatVector.fromArray(FLOATS, largest, column))
                .lanewise(VectorOperators.EXP);
        weight.intoArray(logits, at + column);
        FloatVector.fromArray(FLOATS, sums, column).add(weight).intoArray(sums, column);
      }
    }
  }

  private static void scale(float[] logits, float[] factors) {
    for (int at = 0; at < logits.length; at += COLUMNS) {
      for (int column = 0; column < COLUMNS; column += LANES) {
        FloatVector.fromArray(FLOATS, logits, at + column)
            .mul(FloatVector.fromArray(FLOATS, factors, column))
            .intoArray(logits, at + column);
      }
    }
  }

  /** Sums probabilities over the queries, and takes the mean over the query heads. */
  static void mass(float[] probabilities, float[] mass) {
    for (int row = 0; row < mass.length; row++) {
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int column = 0; column < COLUMNS; column += LANES) {
        sum = sum.add(FloatVector.fromArray(FLOATS, probabilities, row * COLUMNS + column));
      }
      mass[row] = sum.reduceLanes(VectorOperators.ADD) / GROUP;
    }
  }

  /** Writes the largest mass of each row's neighbours, {@code reach} on either side. */
  static void pool(float[] mass, int review, int reach, float[] scores) {
    for (int row = 0; row < review; row++) {
      float largest = 0;
      int end = Math.min(review, row + reach + 1);
      for (int other = Math.max(0, row - reach); other < end; other++) {
        largest = Math.max(largest, mass[other]);
      }
      scores[row] = largest;
    }
  }

  /** Writes the mean of the largest {@code most} masses of each window of review rows. */
  static void windows(float[] mass, int review, int window, int most, float[] scores) {
    float[] sorted = new float[window];
    for (int first = 0; first < review; first += window) {
      int count = Math.min(window, review - first);
      System.arraycopy(mass, first, sorted, 0, count);
      Arrays.sort(sorted, 0, count);
      int taken = Math.min(most, count);
      float sum = 0;
      for (int i = 1; i <= taken; i++) {
        sum += sorted[count - i];
      }
      scores[first / window] = sum / taken;
    }
  }
}
