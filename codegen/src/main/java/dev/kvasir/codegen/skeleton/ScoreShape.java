package dev.kvasir.codegen.skeleton;

/**
 * What the score of a candidate is made of.
 *
 * @param heads KV heads whose scores a list sums; 1 where each head has its own list
 * @param window rows that are kept or dropped together, those with the same {@code position /
 *     window}: 1 to 64
 * @param pool odd; a row's score is taken over so many neighbouring rows, at most 127; 1 where
 *     windows have more than one row
 * @param score how masses become a score
 * @param room elements of a row of candidates, as {@link CandidateRoom} says
 */
public record ScoreShape(int heads, int window, int pool, Score score, int room) {

  /** The dim of scores by task. */
  public static final String TASK = "task";

  /** Refuses what the guards of a row do not allow. */
  public ScoreShape {
    if (heads < 1) {
      throw new IllegalArgumentException("a list sums at least 1 head, got " + heads);
    }
    if (window < 1 || window > CandidateRoom.GUARD) {
      throw new IllegalArgumentException(
          "a window has 1 to %d rows, got %d".formatted(CandidateRoom.GUARD, window));
    }
    if (pool < 1 || pool % 2 == 0 || pool / 2 >= CandidateRoom.GUARD) {
      throw new IllegalArgumentException(
          "a pool is odd and below %d, got %d".formatted(2 * CandidateRoom.GUARD, pool));
    }
    if (window > 1 && pool > 1) {
      throw new IllegalArgumentException("rows are pooled or kept in windows, not both");
    }
    CandidateRoom.requireWhole(room);
  }

  /** What joins the masses of a pool or a window. */
  public sealed interface Score {}

  /** Of a pool the largest mass; of a window the mean of its 4 largest, or of all it has. */
  public record Maximum() implements Score {
    /** How many masses of a window count. */
    public static final int LARGEST = 4;
  }

  /** The mean of the masses. */
  public record Average() implements Score {}

  /** {@link Maximum} where the dim {@link #TASK} is 0, {@link Average} where it is 1. */
  public record ByTask() implements Score {}

  /**
   * No mass: {@link dev.kvasir.ir.type.RandomScore} of the window.
   *
   * @param seed any
   */
  public record Random(int seed) implements Score {}

  /** {@return how a row of candidates lies} */
  CandidateRoom candidates() {
    return new CandidateRoom(room);
  }

  /** {@return how far to either side the masses of a candidate's score lie} */
  int reach() {
    return Math.max(pool / 2, window - 1);
  }
}
