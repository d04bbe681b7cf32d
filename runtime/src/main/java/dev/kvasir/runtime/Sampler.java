package dev.kvasir.runtime;

import java.util.Random;
import java.util.random.RandomGenerator;

/** Draws tokens from logits as {@link Sampling} defines it. */
final class Sampler {

  private final double temperature;
  private final double topP;
  // The one generator whose numbers are specified for every Java platform.
  private final RandomGenerator random;
  private double[] weights = {};
  private int[] order = {};

  Sampler(Sampling sampling) {
    temperature = sampling.temperature();
    topP = sampling.topP();
    random = new Random(sampling.seed());
  }

  /**
   * {@return the chosen token}
   *
   * @param largest index of the largest logit, the lowest of equal ones
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
    return topP == 1 ? drawFromAll(sum, largest) : drawFromNucleus(sum, largest);
  }

  private int drawFromAll(double sum, int largest) {
    double left = random.nextDouble() * sum;
    for (int i = 0; i < weights.length; i++) {
      left -= weights[i];
      if (left < 0) {
        return i;
      }
    }
    // Rounding can leave a rest after the last weight.
    return largest;
  }

  /**
   * Takes tokens from a heap, the most probable first, until they are the nucleus. They are left
   * behind the heap, the first one last.
   */
  private int drawFromNucleus(double sum, int largest) {
    int heap = fillHeap(sum);
    int end = heap;
    double nucleus = 0;
    while (heap > 0 && nucleus < topP * sum) {
      int token = order[0];
      nucleus += weights[token];
      heap--;
      order[0] = order[heap];
      sift(0, heap);
      order[heap] = token;
    }
    double left = random.nextDouble() * nucleus;
    for (int i = end - 1; i >= heap; i--) {
      left -= weights[order[i]];
      if (left < 0) {
        return order[i];
      }
    }
    return largest;
  }

  /**
   * Makes a heap of the tokens that the nucleus can have. All that are less probable than an equal
   * share of 1 - p have less than 1 - p together, so that the others reach p without them.
   */
  private int fillHeap(double sum) {
    if (order.length != weights.length) {
      order = new int[weights.length];
    }
    double least = (1 - topP) * sum / weights.length;
    int size = 0;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] >= least) {
        order[size] = i;
        size++;
      }
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      sift(i, size);
    }
    return size;
  }

  private void sift(int from, int size) {
    int at = from;
    while (true) {
      int first = at;
      for (int child = 2 * at + 1; child <= 2 * at + 2 && child < size; child++) {
        if (precedes(order[child], order[first])) {
          first = child;
        }
      }
      if (first == at) {
        return;
      }
      int token = order[at];
      order[at] = order[first];
      order[first] = token;
      at = first;
    }
  }

  private boolean precedes(int token, int other) {
    return weights[token] > weights[other] || (weights[token] == weights[other] && token < other);
  }
}
