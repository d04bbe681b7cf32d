package dev.kvasir.ir.type;

/**
 * How rows are chosen, once a {@link RowBudget} says how many.
 *
 * <p>Candidates are the kept rows, the rows of the tail and, at the end of a prefilled span, the
 * span's own, in ascending true position. Those at positions from T - observe on, T true tokens in
 * the cache, are always kept; the others are reviewed. The mass of a row j in KV head h is
 *
 * <pre>{@code
 * mass[h, j] = sum over observed queries i of the mean over the query heads of h of
 *              pos_j <= p_i ? exp(scale * q_i . k_j - lse_i) : 0
 * }</pre>
 *
 * Observed are the last {@code observe} queries of the span, or the last {@code observe} steps.
 *
 * @param window rows that are kept or dropped together: positions with the same {@code position /
 *     window}; 1 chooses rows one by one
 * @param observe observed queries, and rows at the end that are always kept
 * @param pool odd; with windows of 1, the score of a row is taken over so many neighbouring review
 *     rows, those that exist at the borders; 1 otherwise
 * @param score what a score is made of
 * @param perHead whether each KV head has its own choice; else scores are summed over the heads of
 *     the group and all have one
 * @param tail rows of the tail that make a step select again, at least {@code observe}
 */
public record Selection(int window, int observe, int pool, Score score, boolean perHead, int tail) {

  /** The most rows of a window. */
  public static final int LARGEST_WINDOW = 64;

  /** The most rows of a pool. */
  public static final int LARGEST_POOL = 127;

  /** Refuses numbers without a meaning. */
  public Selection {
    if (window < 1 || observe < 1) {
      throw new IllegalArgumentException(
          "window and observe are at least 1, got " + window + " and " + observe);
    }
    if (pool < 1 || pool % 2 == 0) {
      throw new IllegalArgumentException("pool is odd, got " + pool);
    }
    if (window > LARGEST_WINDOW || pool > LARGEST_POOL) {
      throw new IllegalArgumentException(
          "a window has at most %d rows and a pool at most %d, got %d and %d"
              .formatted(LARGEST_WINDOW, LARGEST_POOL, window, pool));
    }
    if (pool > 1 && window > 1) {
      throw new IllegalArgumentException("rows are pooled or kept in windows, not both");
    }
    if (tail < observe) {
      throw new IllegalArgumentException(
          "a tail holds at least the " + observe + " observed rows, got " + tail);
    }
  }

  /** What the score of a row or window is made of. */
  public sealed interface Score {}

  /**
   * Of a row, the largest mass in its pool; of a window, the mean of its 4 largest masses, or of as
   * many as it has.
   */
  public record Max() implements Score {
    /** How many of a window's masses count. */
    public static final int LARGEST = 4;
  }

  /** The mean of the masses in the pool or window. */
  public record Average() implements Score {}

  /** What the {@link Task} of the prompt that was read last scores with. */
  public record ByTask() implements Score {}

  /**
   * No mass at all: {@link RandomScore} of each window, the same for all heads. A control for the
   * others.
   *
   * @param seed any
   * @param run which of the technique's lists this is: layers with one list have one run
   */
  public record Random(int seed, int run) implements Score {
    /** Refuses runs that have no score. */
    public Random {
      if (run < 0 || run > RandomScore.LARGEST_SALT) {
        throw new IllegalArgumentException(
            "a run is from 0 to " + RandomScore.LARGEST_SALT + ", got " + run);
      }
    }
  }
}
