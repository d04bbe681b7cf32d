package dev.kvasir.ir.type;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;

/**
 * How the rows of two neighbouring layers become one (MiniCache, Liu et al., 2024): once they are
 * merged, both layers read the same directions, each scaled by its own norms, and each has its
 * originals of the few rows whose directions differ most.
 *
 * <p>Text: {@code merge(lower, with = 3, t = 0.6, retain = 5%, tail = 128)}.
 *
 * @param side which layer of the pair has this
 * @param partner the other layer: the next one of the lower side, the one before of the upper
 * @param t where the shared direction lies between that of the lower layer, 0, and that of the
 *     upper, 1; at most 6 decimals
 * @param retain percentage of rows that keep their originals, 0 to 100, with at most 6 decimals
 * @param tail rows since the last merge that make a step merge, at least 1
 */
public record Merge(Side side, int partner, BigDecimal t, BigDecimal retain, int tail) {
  /** The most decimals that t and the percentage have. */
  public static final int DECIMALS = 6;

  /** The flag in the place of a key norm that says that the row keeps its original. */
  public static final float RETAINED = -1;

  /**
   * Directions of which 1 - cosine is smaller count as one: what rows that share a direction differ
   * in is rounding.
   */
  public static final float SMALLEST_DIFFERENCE = 0x1p-16f;

  private static final long WHOLE = 100_000_000;

  /** The layers of a pair. */
  public enum Side {
    /** The one that runs first. */
    LOWER,
    /** The one behind it. */
    UPPER;

    /** {@return the word in IR text} */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    /**
     * {@return the side with this word}
     *
     * @throws IllegalArgumentException when there is none
     */
    public static Side ofText(String text) {
      for (Side side : values()) {
        if (side.text().equals(text)) {
          return side;
        }
      }
      throw new IllegalArgumentException("a side is lower or upper, got " + text);
    }
  }

  /** Drops trailing zeros and refuses numbers out of range. */
  public Merge {
    t = t.stripTrailingZeros();
    retain = retain.stripTrailingZeros();
    if (partner < 0) {
      throw new IllegalArgumentException("a layer is at least 0, got " + partner);
    }
    if (isOutside(t, 1)) {
      throw new IllegalArgumentException(
          "t is from 0 to 1, with at most " + DECIMALS + " decimals, got " + t.toPlainString());
    }
    if (isOutside(retain, 100)) {
      throw new IllegalArgumentException(
          "retained rows are from 0% to 100%, with at most "
              + DECIMALS
              + " decimals, got "
              + retain.toPlainString()
              + "%");
    }
    if (tail < 1) {
      throw new IllegalArgumentException("a tail holds at least 1 row, got " + tail);
    }
  }

  /**
   * {@return how many of the first rows keep their originals: {@code ceil(retain * rows)}}
   *
   * @param rows merged rows, at least 0
   */
  public int retained(int rows) {
    return Math.toIntExact(
        Math.ceilDiv(Math.multiplyExact(retainNumerator(), (long) rows), retainDenominator()));
  }

  /** {@return the numerator of {@code retain} as a fraction in lowest terms, at most 10^8} */
  public long retainNumerator() {
    return millionths() / divisor();
  }

  /** {@return the denominator of {@code retain} as a fraction in lowest terms, at most 10^8} */
  public long retainDenominator() {
    return WHOLE / divisor();
  }

  /** {@return the name of what counts the tokens at the last merge} */
  public String mark() {
    return "merged_" + tail;
  }

  /**
   * {@return whether this and another layer's make a pair}
   *
   * @param layer that has this
   * @param other what the layer {@link #partner} has
   */
  public boolean isPairOf(int layer, Merge other) {
    return other.equals(
        new Merge(side == Side.LOWER ? Side.UPPER : Side.LOWER, layer, t, retain, tail));
  }

  /** {@return the canonical text} */
  public String text() {
    return "merge("
        + side.text()
        + ", with = "
        + partner
        + ", t = "
        + t.toPlainString()
        + ", retain = "
        + retain.toPlainString()
        + "%, tail = "
        + tail
        + ")";
  }

  private static boolean isOutside(BigDecimal value, int most) {
    return value.signum() < 0
        || value.compareTo(BigDecimal.valueOf(most)) > 0
        || value.scale() > DECIMALS;
  }

  private long millionths() {
    return retain.movePointRight(DECIMALS).longValueExact();
  }

  private long divisor() {
    return BigInteger.valueOf(millionths()).gcd(BigInteger.valueOf(WHOLE)).longValueExact();
  }
}
