package dev.kvasir.samples.oracle;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * How rows are chosen (SnapKV, PyramidKV, WindowKV).
 *
 * @param window positions with the same quotient by it are kept or dropped together
 * @param observe queries that are observed, and latest rows that are always kept
 * @param share layers that have one list
 * @param pool neighbouring rows over which a score is taken, where windows are rows
 * @param score what a score is
 * @param seed of random scores
 * @param perHead whether each KV head has a list of its own
 * @param tail rows since the last selection that make a step select again
 * @param budget how many rows may be kept
 */
record SelectionRule(
    int window,
    int observe,
    int share,
    int pool,
    Score score,
    int seed,
    boolean perHead,
    int tail,
    Budget budget) {

  /** What the score of a row or window is made of. */
  enum Score {
    MAX,
    AVERAGE,
    RANDOM
  }

  /** How layers share a budget. */
  enum Shape {
    UNIFORM,
    PYRAMID,
    GROUPS
  }

  /**
   * How many rows may be kept, observed ones included.
   *
   * @param amount rows, or percent of the true tokens
   * @param beta how steep a pyramid or groups are
   */
  record Budget(BigDecimal amount, boolean percent, Shape shape, int beta) {}

  /**
   * {@return K(T): most rows that a layer keeps}
   *
   * @param tokens true tokens
   * @param layer which of the rule's layers it is
   * @param layers how many they are
   */
  int room(int tokens, int layer, int layers) {
    int mean = budget.amount().intValue();
    if (budget.percent()) {
      BigDecimal share = budget.amount().multiply(BigDecimal.valueOf(tokens)).movePointLeft(2);
      mean = Math.max(share.setScale(0, RoundingMode.FLOOR).intValueExact(), observe + window);
    }
    int cap =
        switch (budget.shape()) {
          case UNIFORM -> mean;
          case PYRAMID -> pyramid(mean, tokens, layer, layers);
          case GROUPS -> groups(mean, layer / share, layers / share);
        };
    return Math.min(tokens, (cap - observe) / window * window + observe);
  }

  /** As PyramidKV's code has it: capacities fall by equal steps from the first layer on. */
  private int pyramid(int mean, int tokens, int layer, int layers) {
    int review = mean - observe;
    if (layers == 1 || tokens <= mean || tokens < 2 * review) {
      return mean;
    }
    int low = review / budget.beta();
    int high = 2 * review - low;
    if (high >= tokens - observe) {
      high = tokens - observe;
      low = 2 * review - high;
    }
    return high - layer * ((high - low) / (layers - 1)) + observe;
  }

  /** As WindowKV's code has it: runs of layers that share a list, the last one by itself. */
  private int groups(int mean, int run, int runs) {
    int review = mean - observe;
    int last = 8 * review / budget.beta();
    int first = 2 * review - last;
    if (runs == 1) {
      return mean;
    }
    return (run == runs - 1 ? last : first - run * ((first - last) / (runs - 1))) + observe;
  }

  /**
   * {@return the random score of each window, by the window's number}
   *
   * @param positions of the review rows
   * @param layer which of the rule's layers it is
   */
  Map<Integer, Double> randomScores(int[] positions, int layer) {
    Map<Integer, Double> scores = new TreeMap<>();
    for (int position : positions) {
      int number = position / window;
      scores.put(number, RandomRule.score(seed, layer / share, number));
    }
    return scores;
  }

  /**
   * {@return the score of each window of one KV head, by the window's number}
   *
   * @param positions of the review rows, ascending
   * @param mass of each of them
   */
  Map<Integer, Double> scores(int[] positions, double[] mass) {
    Map<Integer, Double> scores = new TreeMap<>();
    for (int from = 0, to; from < positions.length; from = to) {
      int number = positions[from] / window;
      to = from + 1;
      while (to < positions.length && positions[to] / window == number) {
        to++;
      }
      double[] counted =
          window == 1
              ? Arrays.copyOfRange(
                  mass, Math.max(0, from - pool / 2), Math.min(mass.length, from + pool / 2 + 1))
              : Arrays.copyOfRange(mass, from, to);
      Arrays.sort(counted);
      int largest = window == 1 ? 1 : 4;
      if (score == Score.MAX) {
        counted =
            Arrays.copyOfRange(counted, Math.max(0, counted.length - largest), counted.length);
      }
      scores.put(number, Arrays.stream(counted).average().orElseThrow());
    }
    return scores;
  }
}
