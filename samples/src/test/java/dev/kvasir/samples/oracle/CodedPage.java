package dev.kvasir.samples.oracle;

import java.util.Arrays;

/**
 * 64 keys or values in codes: step = (max - min) / (2^bits - 1), min and step rounded to f16, code
 * = rint((x - min) / step) within 0..2^bits - 1, or 0 where step is 0. Differences and quotients
 * are rounded to f32, or else a step between two of f16 would fall to the other one now and then.
 */
final class CodedPage {
  static final int ROWS = 64;

  private final CodeFormat format;
  private final int[][] codes;
  private final double[][] steps;
  private final double[][] minima;

  CodedPage(CodeFormat format, double[][] rows) {
    this.format = format;
    int dim = rows[0].length;
    int[] groups = {
      format.perChannel() ? ROWS / format.group() : ROWS,
      format.perChannel() ? dim : dim / format.group()
    };
    minima = new double[groups[0]][groups[1]];
    double[][] maxima = new double[groups[0]][groups[1]];
    steps = new double[groups[0]][groups[1]];
    codes = new int[ROWS][dim];
    for (double[] line : minima) {
      Arrays.fill(line, Double.POSITIVE_INFINITY);
    }
    for (double[] line : maxima) {
      Arrays.fill(line, Double.NEGATIVE_INFINITY);
    }
    for (int row = 0; row < ROWS; row++) {
      for (int channel = 0; channel < dim; channel++) {
        int[] group = format.groupOf(row, channel);
        double x = rows[row][channel];
        minima[group[0]][group[1]] = Math.min(minima[group[0]][group[1]], x);
        maxima[group[0]][group[1]] = Math.max(maxima[group[0]][group[1]], x);
      }
    }
    int most = (1 << format.bits()) - 1;
    for (int line = 0; line < groups[0]; line++) {
      for (int column = 0; column < groups[1]; column++) {
        float range = (float) (maxima[line][column] - minima[line][column]);
        steps[line][column] = RowFormat.F16.round(range / most);
        minima[line][column] = RowFormat.F16.round(minima[line][column]);
      }
    }
    for (int row = 0; row < ROWS; row++) {
      for (int channel = 0; channel < dim; channel++) {
        int[] group = format.groupOf(row, channel);
        double step = steps[group[0]][group[1]];
        float above = (float) (rows[row][channel] - minima[group[0]][group[1]]);
        double code = Math.rint((float) (above / step));
        codes[row][channel] = step == 0 ? 0 : (int) Math.clamp(code, 0, most);
      }
    }
  }

  /** {@return [rows, dim]} */
  int[][] codes() {
    return codes;
  }

  /** {@return [rows / group, dim] or [rows, dim / group]} */
  double[][] steps() {
    return steps;
  }

  /** {@return of the shape of the steps} */
  double[][] minima() {
    return minima;
  }

  /** {@return what the codes of a row stand for} */
  double[] decoded(int row) {
    double[] decoded = new double[codes[row].length];
    for (int channel = 0; channel < decoded.length; channel++) {
      int[] group = format.groupOf(row, channel);
      decoded[channel] =
          steps[group[0]][group[1]] * codes[row][channel] + minima[group[0]][group[1]];
    }
    return decoded;
  }
}
