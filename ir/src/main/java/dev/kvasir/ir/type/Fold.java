package dev.kvasir.ir.type;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * How the rows of a KV head are folded into a fixed number of slots (LoCoCo, Cai et al., 2024).
 *
 * <p>A head has M slots and a tail of B rows. Until the first fold the row at position p lies in
 * slot p, or, from M on, in row p - M of the tail. Rows are folded when the tail has at least B of
 * them: at the end of a prefilled span or in the step that fills the tail. Candidates are the
 * slots, the rows of the tail and, at the end of a span, the span's own, in this order. The mass of
 * a candidate j in KV head h is
 *
 * <pre>{@code
 * mass[h, j] = sum over queries i that see j of the mean over the query heads of h of
 *              exp(scale * q_i . k_j - lse_i)
 * }</pre>
 *
 * over all queries of the span, or, in a step, over those of all steps since the last fold. Of
 * equal masses the lower candidate is the larger. The {@code M - mixed} candidates of largest mass
 * are kept as they are, in their order. The others, x_j = (k_j, v_j) in their order, are mixed:
 * with r_i the i-th of those {@code mixed} among them that have the largest mass, in their order,
 *
 * <pre>{@code
 * z[i, j] = max(0, bias[i] + sum over taps t and channels c of weight[i, c, t] * x[j + t - halo, c])
 * w[i, j] = (1 - alpha) * (j = r_i ? 1 : 0) + alpha * softmax over j of z[i, j]
 * slot    = sum over j of w[i, j] * x_j
 * }</pre>
 *
 * where x is 0 beyond its ends. Slots hold the kept rows, then the mixed ones, rounded to their
 * format. A kept row has its true position; a mixed row has none, is seen by every query and stays
 * without a position for good.
 *
 * @param slots M, at least 1
 * @param block B, rows of the tail that make it be folded, at least 1
 * @param kernel taps of the convolution, odd
 * @param mixed slots that hold mixed rows, from 1 to {@code slots}
 */
public record Fold(int slots, int block, int kernel, int mixed) {

  /** The position of a row that is mixed of others. */
  public static final int NO_POSITION = -1;

  /** The most taps of a convolution. */
  public static final int LARGEST_KERNEL = 127;

  /** Refuses numbers without a meaning. */
  public Fold {
    if (slots < 1 || block < 1) {
      throw new IllegalArgumentException(
          "slots and block are at least 1, got " + slots + " and " + block);
    }
    if (kernel < 1 || kernel % 2 == 0 || kernel > LARGEST_KERNEL) {
      throw new IllegalArgumentException(
          "a kernel has an odd number of taps, at most " + LARGEST_KERNEL + ", got " + kernel);
    }
    if (mixed < 1 || mixed > slots) {
      throw new IllegalArgumentException("of " + slots + " slots cannot be mixed " + mixed);
    }
  }

  /**
   * {@return how many slots hold mixed rows when a share holds rows as they are}
   *
   * @param keep that share in percent, 0 to 100
   */
  public static int mixed(int slots, BigDecimal keep) {
    return BigDecimal.valueOf(100)
        .subtract(keep)
        .multiply(BigDecimal.valueOf(slots))
        .divide(BigDecimal.valueOf(100), 0, RoundingMode.FLOOR)
        .intValueExact();
  }

  /** {@return slots that hold rows as they are} */
  public int verbatim() {
    return slots - mixed;
  }

  /** {@return taps on either side of a row} */
  public int halo() {
    return kernel / 2;
  }

  /** {@return the name of the counter of the tokens at the last fold, {@code slots} before it} */
  public String mark() {
    return mark(slots, block);
  }

  /** {@return {@link #mark()} of folds into so many slots when a tail holds so many rows} */
  public static String mark(int slots, int block) {
    return "folded_" + slots + "_" + block;
  }

  /**
   * {@return whether rows are folded at the end of a run}
   *
   * @param tokens true tokens in the cache after the run
   * @param mark tokens at the last fold, {@code slots} before the first
   * @param prefill whether the run was a span of a prompt
   */
  public boolean isDue(int tokens, int mark, boolean prefill) {
    return prefill ? tokens - mark >= block : tokens - mark == block;
  }
}
