package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Arrays;

/**
 * The keys or values of one page as steps, minima and codes, by the definition and in double
 * precision.
 *
 * @param format bits, direction and length of the groups
 * @param steps of each group; of groups per channel [64 / group][dim], per token [dim / group][64]
 * @param minima alike
 * @param codes [64 rows][dim]
 */
record NaiveCoding(QuantisedFormat format, float[] steps, float[] minima, int[][] codes) {

  static final int PAGE = AttentionFixture.PAGE;

  /** Places closer than this to the middle of two codes may get either. */
  private static final double TIE = 1e-4;

  /** {@return which group the element belongs to} */
  static int group(QuantisedFormat format, int dim, int row, int channel) {
    return switch (format.per()) {
      case CHANNEL -> row / format.group() * dim + channel;
      case TOKEN -> channel / format.group() * PAGE + row;
    };
  }

  /** {@return groups of a page} */
  static int groups(QuantisedFormat format, int dim) {
    return group(format, dim, PAGE - 1, dim - 1) + 1;
  }

  /**
   * Codes 64 rows.
   *
   * @param rows [64][dim], all finite
   */
  static NaiveCoding of(QuantisedFormat format, float[][] rows) {
    int dim = rows[0].length;
    int groups = groups(format, dim);
    double[] least = new double[groups];
    double[] most = new double[groups];
    Arrays.fill(least, Double.POSITIVE_INFINITY);
    Arrays.fill(most, Double.NEGATIVE_INFINITY);
    for (int row = 0; row < PAGE; row++) {
      for (int channel = 0; channel < dim; channel++) {
        int group = group(format, dim, row, channel);
        least[group] = Math.min(least[group], rows[row][channel]);
        most[group] = Math.max(most[group], rows[row][channel]);
      }
    }
    float[] steps = new float[groups];
    float[] minima = new float[groups];
    for (int group = 0; group < groups; group++) {
      minima[group] = half(least[group]);
      steps[group] = half((most[group] - least[group]) / ((1 << format.bits()) - 1));
    }
    int[][] codes = new int[PAGE][dim];
    NaiveCoding coding = new NaiveCoding(format, steps, minima, codes);
    for (int row = 0; row < PAGE; row++) {
      for (int channel = 0; channel < dim; channel++) {
        codes[row][channel] = coding.clamped(Math.rint(coding.place(row, channel, rows)));
      }
    }
    return coding;
  }

  private static float half(double number) {
    return Float.float16ToFloat(Float.floatToFloat16((float) number));
  }

  /** {@return how many steps above the minimum the element is, 0 where the step is 0} */
  private double place(int row, int channel, float[][] rows) {
    int group = group(format, rows[row].length, row, channel);
    return steps[group] == 0
        ? 0
        : ((double) rows[row][channel] - minima[group]) / (double) steps[group];
  }

  private int clamped(double code) {
    return (int) Math.max(0, Math.min((1 << format.bits()) - 1, code));
  }

  /** {@return the number that the element's code stands for} */
  double decoded(int row, int channel) {
    int group = group(format, codes[row].length, row, channel);
    return (double) steps[group] * codes[row][channel] + minima[group];
  }

  /**
   * Fails unless these are steps, minima and codes of the rows: minima exact, steps to one unit in
   * the last place of f16, codes exact under those steps but for ties.
   */
  void require(String what, float[][] rows) {
    NaiveCoding expected = of(format, rows);
    for (int group = 0; group < steps.length; group++) {
      if (!(minima[group] == expected.minima[group])) {
        throw new AssertionError(
            "%s: minimum of group %d is %s, expected %s"
                .formatted(what, group, minima[group], expected.minima[group]));
      }
      int apart = Float.floatToFloat16(steps[group]) - Float.floatToFloat16(expected.steps[group]);
      if (!(steps[group] >= 0) || Math.abs(apart) > 1) {
        throw new AssertionError(
            "%s: step of group %d is %s, expected %s"
                .formatted(what, group, steps[group], expected.steps[group]));
      }
    }
    for (int row = 0; row < codes.length; row++) {
      for (int channel = 0; channel < codes[row].length; channel++) {
        double place = place(row, channel, rows);
        int code = codes[row][channel];
        if (code != clamped(Math.rint(place - TIE)) && code != clamped(Math.rint(place + TIE))) {
          throw new AssertionError(
              "%s: code of row %d, channel %d is %d, expected %s to be rounded"
                  .formatted(what, row, channel, code, place));
        }
      }
    }
  }
}
