package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.HeadOracle.Seen;
import java.util.List;

/**
 * What one query makes of the rows that it sees.
 *
 * @param out softmax-weighted sum of values
 * @param lse logarithm of the sum of exponentials
 * @param largest largest absolute logit, which bounds what rounding may do
 */
record AttentionOracle(double[] out, double lse, double largest) {

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
    return new AttentionOracle(out, highest + Math.log(sum), largest);
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
    return 1e-5 + Math.scalb(Math.max(largest, Math.abs(lse)), -22);
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
