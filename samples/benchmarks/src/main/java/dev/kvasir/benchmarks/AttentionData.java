package dev.kvasir.benchmarks;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Random;

/**
 * Queries, keys and values that every implementation of a case attends, and what comes out of them
 * by definition. Rows repeat after {@link AttentionCase#period}, so that caches are filled by
 * copying and the definition stays cheap for any context.
 */
public final class AttentionData {

  /** Rows after which the data of long contexts begins again. */
  public static final int PERIOD = 1024;

  private static final int PAGE = SegmentPart.PAGE_ROWS;

  private final AttentionCase shape;
  private final float[][] keys;
  private final float[][] values;
  private final float[] queries;

  /** Makes the rows of a case, the same ones each time. */
  public AttentionData(AttentionCase shape) {
    this.shape = shape;
    Random random = new Random(1);
    int size = shape.period() * shape.headDim();
    keys = new float[shape.kvHeads()][];
    values = new float[shape.kvHeads()][];
    for (int head = 0; head < shape.kvHeads(); head++) {
      keys[head] = gaussian(random, size);
      values[head] = gaussian(random, size);
    }
    queries = gaussian(random, shape.queryHeads() * shape.headDim());
  }

  private static float[] gaussian(Random random, int size) {
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  /** {@return rows of a KV head's keys, [period, head dim]} */
  float[] keys(int head) {
    return keys[head];
  }

  /** {@return rows of a KV head's values, [period, head dim]} */
  float[] values(int head) {
    return values[head];
  }

  /** {@return the query, [query heads, head dim]} */
  public float[] queries() {
    return queries;
  }

  /**
   * {@return attention by its definition over rows as the case's format stores them, in double
   * precision: [query heads, head dim]}
   */
  double[] expected() {
    int dim = shape.headDim();
    double[] output = new double[shape.queryHeads() * dim];
    for (int head = 0; head < shape.kvHeads(); head++) {
      float[][] openKeys = {rounded(keys[head]), rounded(values[head])};
      float[][] closed =
          shape.format().packing(dim).map(packing -> coded(openKeys, packing)).orElse(openKeys);
      for (int member = 0; member < shape.group(); member++) {
        attend(head * shape.group() + member, closed, openKeys, output);
      }
    }
    return output;
  }

  private float[][] coded(float[][] rows, Packing packing) {
    return new float[][] {coded(rows[0], packing.key()), coded(rows[1], packing.value())};
  }

  private void attend(int queryHead, float[][] closed, float[][] open, double[] output) {
    int dim = shape.headDim();
    int copies = shape.context() / shape.period();
    double[] sum = new double[dim];
    double mass = 0;
    for (int row = 0; row < shape.period(); row++) {
      int openCopies = row >= shape.period() - PAGE ? 1 : 0;
      mass += add(queryHead, row, closed, copies - openCopies, sum);
      mass += add(queryHead, row, open, openCopies, sum);
    }
    for (int i = 0; i < dim; i++) {
      output[queryHead * dim + i] = sum[i] / mass;
    }
  }

  // Logits of unit Gaussians over the root of their dimension are small: no maximum is subtracted.
  private double add(int queryHead, int row, float[][] rows, int copies, double[] sum) {
    int dim = shape.headDim();
    double dot = 0;
    for (int i = 0; i < dim; i++) {
      dot += (double) queries[queryHead * dim + i] * rows[0][row * dim + i];
    }
    double weight = copies * Math.exp(dot * shape.scale());
    for (int i = 0; i < dim; i++) {
      sum[i] += weight * rows[1][row * dim + i];
    }
    return weight;
  }

  private float[] rounded(float[] rows) {
    float[] stored = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      stored[i] = shape.format().plain().round(rows[i]);
    }
    return stored;
  }

  /** Codes and decodes rows as {@link QuantisedFormat} has it. */
  private float[] coded(float[] rows, QuantisedFormat format) {
    int dim = shape.headDim();
    float[] decoded = new float[rows.length];
    boolean token = format.per() == QuantisedFormat.Per.TOKEN;
    int stride = token ? 1 : dim;
    int[] group = new int[format.group()];
    for (int first = 0; first < rows.length; first++) {
      int row = first / dim;
      int channel = first % dim;
      if ((token ? channel : row) % format.group() != 0) {
        continue;
      }
      for (int i = 0; i < group.length; i++) {
        group[i] = first + i * stride;
      }
      code(rows, group, format.maximumCode(), decoded);
    }
    return decoded;
  }

  private static void code(float[] rows, int[] group, int largest, float[] decoded) {
    float minimum = Float.MAX_VALUE;
    float maximum = -Float.MAX_VALUE;
    for (int at : group) {
      minimum = Math.min(minimum, rows[at]);
      maximum = Math.max(maximum, rows[at]);
    }
    float step = half((maximum - minimum) / largest);
    float least = half(minimum);
    for (int at : group) {
      double code = Math.clamp(Math.rint((rows[at] - least) / step), 0, largest);
      decoded[at] = (float) (step * code + least);
    }
  }

  private static float half(float number) {
    return Float.float16ToFloat(Float.floatToFloat16(number));
  }

  /**
   * Compares an output with the definition.
   *
   * @param what whose output, for the message
   * @param output [query heads, head dim]
   * @param bar largest relative distance (L2, all heads together)
   * @throws IllegalStateException when it is farther off
   */
  public void require(String what, float[] output, double bar) {
    double[] expected = expected();
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow(output[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    double distance = Math.sqrt(error / norm);
    if (!(distance <= bar)) {
      throw new IllegalStateException(
          "%s differs from attention by its definition: relative distance %.3g, at most %.3g"
              .formatted(what, distance, bar));
    }
  }
}
