package dev.kvasir.runtime;

import java.util.Random;
import java.util.random.RandomGenerator;

/** Draws tokens from logits. */
final class Sampler {

  private final double temperature;
  // The one generator whose numbers are specified for every Java platform.
  private final RandomGenerator random;
  private double[] weights = {};

  Sampler(Sampling sampling) {
    temperature = sampling.temperature();
    random = new Random(sampling.seed());
  }

  /**
   * {@return the chosen token}
   *
   * @param largest index of the largest logit
   */
  int choose(float[] logits, int largest) {
    if (temperature == 0) {
      return largest;
    }
    if (weights.length != logits.length) {
      weights = new double[logits.length];
    }
    double max = logits[largest];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      weights[i] = Math.exp((logits[i] - max) / temperature);
      sum += weights[i];
    }
    double left = random.nextDouble() * sum;
    for (int i = 0; i < logits.length; i++) {
      left -= weights[i];
      if (left < 0) {
        return i;
      }
    }
    // Rounding can leave a rest after the last weight.
    return largest;
  }
}
