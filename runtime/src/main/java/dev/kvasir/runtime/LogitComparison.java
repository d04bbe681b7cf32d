package dev.kvasir.runtime;

/**
 * How far the logits of one run lie from those of another over the same tokens. Add the logits of
 * each position, then read the means. Not thread-safe.
 */
public final class LogitComparison {

  private int positions;
  private int agreements;
  private double cosines;
  private double lowestCosine = Double.POSITIVE_INFINITY;
  private double divergences;

  /** Compares nothing yet. */
  public LogitComparison() {}

  /**
   * Adds one position.
   *
   * @param expected logits of the reference, one for each token of the vocabulary
   * @param actual as many
   * @throws IllegalArgumentException when their numbers differ
   */
  public void add(float[] expected, float[] actual) {
    if (expected.length != actual.length) {
      throw new IllegalArgumentException(
          "expected %d logits, got %d".formatted(expected.length, actual.length));
    }
    double cosine = cosine(expected, actual);
    positions++;
    cosines += cosine;
    // Not-a-number wins, so that it cannot hide behind a number.
    lowestCosine = Math.min(lowestCosine, cosine);
    divergences += divergence(expected, actual);
    agreements += argmax(expected) == argmax(actual) ? 1 : 0;
  }

  /** {@return positions added} */
  public int positions() {
    return positions;
  }

  /** {@return the mean of the cosines between both logit vectors; NaN without a position} */
  public double meanCosine() {
    return cosines / positions;
  }

  /** {@return the lowest of those cosines} */
  public double lowestCosine() {
    return lowestCosine;
  }

  /** {@return share of positions, 0 to 1, at which both have the same largest logit} */
  public double agreement() {
    return (double) agreements / positions;
  }

  /**
   * {@return the mean Kullback-Leibler divergence of the actual distribution from the reference's,
   * sum p ln(p / q), in nats}
   */
  public double meanDivergence() {
    return divergences / positions;
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return dot / Math.sqrt(aa * bb);
  }

  private static double divergence(float[] expected, float[] actual) {
    double expectedSum = logSumExp(expected);
    double actualSum = logSumExp(actual);
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      double logP = expected[i] - expectedSum;
      sum += Math.exp(logP) * (logP - (actual[i] - actualSum));
    }
    // Rounding can leave less than nothing of a divergence that is never negative.
    return sum < 0 ? 0 : sum;
  }

  private static double logSumExp(float[] logits) {
    double max = logits[argmax(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return max + Math.log(sum);
  }

  private static int argmax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
