package dev.kvasir.cli.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * How a policy does beside another cache, both at the same lengths.
 *
 * @param better measures at which the policy is strictly better
 * @param worse measures at which it is strictly worse
 * @param equal the others
 */
public record Standing(List<Pair> better, List<Pair> worse, List<Pair> equal) {
  /** What {@link Measured#perplexity} is called. */
  public static final String PERPLEXITY = "perplexity";

  /** What {@link Measured#divergence} is called. */
  public static final String DIVERGENCE = "KL divergence";

  /** Copies the lists. */
  public Standing {
    better = List.copyOf(better);
    worse = List.copyOf(worse);
    equal = List.copyOf(equal);
  }

  /**
   * One measure of both.
   *
   * @param measure the suite whose answers are right, as a share, or one of the constants here
   * @param policy the policy's
   * @param other the other cache's
   */
  public record Pair(String measure, double policy, double other) {}

  /** {@return the standing of {@code policy} beside {@code other} where that was measured} */
  public static Standing of(Measured policy, Measured other) {
    Measured one = policy.where(other);
    Sorter sorter = new Sorter();
    for (Suite suite : Suite.values()) {
      if (suite.asks()) {
        sorter.sort(suite.toString(), 1, one.exactMatch(suite), other.exactMatch(suite));
      }
    }
    sorter.sort(PERPLEXITY, -1, one.perplexity(), other.perplexity());
    sorter.sort(DIVERGENCE, -1, one.divergence(), other.divergence());
    return new Standing(sorter.better, sorter.worse, sorter.equal);
  }

  private static final class Sorter {
    private final List<Pair> better = new ArrayList<>();
    private final List<Pair> worse = new ArrayList<>();
    private final List<Pair> equal = new ArrayList<>();

    /**
     * Does nothing where one of them was not measured.
     *
     * @param sign 1 where more is better, -1 where less is
     */
    void sort(String measure, int sign, OptionalDouble policy, OptionalDouble other) {
      if (policy.isEmpty() || other.isEmpty()) {
        return;
      }
      Pair pair = new Pair(measure, policy.getAsDouble(), other.getAsDouble());
      int order = sign * Double.compare(pair.policy(), pair.other());
      (order > 0 ? better : order < 0 ? worse : equal).add(pair);
    }
  }
}
