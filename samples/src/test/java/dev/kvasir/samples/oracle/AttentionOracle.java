package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.HeadOracle.Seen;
import java.util.List;

/**
 * What one query makes of the rows that it sees.
 *
 * @param out softmax-weighted sum of values
 * @param lse logarithm of the sum of exponentials
 * @param largest largest absolute logit, which bounds what rounding may do
 * @param slack what the rows that are not known to the bit may do besides
 */
record AttentionOracle(double[] out, double lse, double largest, double slack) {

  static AttentionOracle of(double[] query, double scale, List<Seen> seen) {
    double[] logits = new double[seen.size()];
    double highest = Double.NEGATIVE_INFINITY;
    double largest = 0;
    for (int index = 0; index < logits.length; index++) {
      logits[index] = logit(query, scale, seen.get(index));
      highest = Math.max(highest, logits[index]);
      largest = Math.max(largest, Math.abs(logits[index]));
    }
    double sum = 0;
    double[] out = new double[seen.getFirst().value().length];
    for (int index = 0; index < logits.length; index++) {
      double weight = Math.exp(logits[index] - highest);
      double[] value = seen.get(index).value();
      sum += weight;
      for (int element = 0; element < out.length; element++) {
        out[element] += weight * value[element];
      }
    }
    for (int element = 0; element < out.length; element++) {
      out[element] /= sum;
    }
    double lse = highest + Math.log(sum);
    return new AttentionOracle(out, lse, largest, slack(query, scale, seen, logits, lse, out));
  }

  /**
   * To first order, and a tenth for the rest: what keys do to weights, and values by themselves.
   */
  private static double slack(
      double[] query, double scale, List<Seen> seen, double[] logits, double lse, double[] out) {
    double ofOut = 0;
    double ofLse = 0;
    for (int index = 0; index < logits.length; index++) {
      Seen row = seen.get(index);
      double weight = Math.exp(logits[index] - lse);
      double ofLogit = scale * norm(query) * row.keySlack();
      double[] apart = new double[out.length];
      for (int element = 0; element < out.length; element++) {
        apart[element] = row.value()[element] - out[element];
      }
      ofOut += weight * (ofLogit * norm(apart) + row.valueSlack());
      ofLse += weight * ofLogit;
    }
    return 1.1 * Math.max(ofOut / norm(out), ofLse);
  }

  private static double norm(double[] row) {
    double squares = 0;
    for (double element : row) {
      squares += element * element;
    }
    return Math.sqrt(squares);
  }

  static double logit(double[] query, double scale, Seen seen) {
    double dot = 0;
    for (int element = 0; element < query.length; element++) {
      dot += query[element] * seen.key()[element];
    }
    return scale * dot + seen.bias();
  }

  /** {@return what a kernel may be off by: of an output relatively, of an lse absolutely} */
  double bound() {
    return 1e-5 + Math.scalb(Math.max(largest, Math.abs(lse)), -22) + slack;
  }

  /** {@return how far an output is from this one, relative to it in the L2 norm} */
  double error(double[] found) {
    double error = 0;
    double norm = 0;
    for (int element = 0; element < out.length; element++) {
      error += (found[element] - out[element]) * (found[element] - out[element]);
      norm += out[element] * out[element];
    }
    return Math.sqrt(error / norm);
  }
}
