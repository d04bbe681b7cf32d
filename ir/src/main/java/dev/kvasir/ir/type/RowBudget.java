package dev.kvasir.ir.type;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * How many rows a selection may keep, observed rows included, as a function of the true tokens T
 * that a cache has seen. With W = observe, w = window and all divisions rounded down:
 *
 * <pre>{@code
 * C(T)  = the amount: n rows, or max(p * T, W + w) for a share p
 * cap   = C(T)                                               uniform
 * cap   = what its layer gets of L times C(T)                pyramid, groups
 * K(T)  = T where that is at most cap, else min(T, (cap - W) / w * w + W)
 * }</pre>
 *
 * Text: {@code budget(2048, observe = 32, window = 8)}, {@code budget(12.5%, observe = 32, window =
 * 1, pyramid(beta = 20, index = 0, count = 32))}.
 *
 * @param amount the mean over the layers that share it, an upper bound
 * @param observe rows at the end that are always kept, at least 1
 * @param window neighbouring rows that are kept together, at least 1
 * @param shape how the layers share the amount
 */
public record RowBudget(Amount amount, int observe, int window, Shape shape) {

  /** Refuses sizes without a meaning, and amounts below the observed rows and one window. */
  public RowBudget {
    if (observe < 1 || window < 1) {
      throw new IllegalArgumentException(
          "a budget observes at least 1 row and has windows of at least 1 row, got "
              + observe
              + " and "
              + window);
    }
    if (amount instanceof Rows(int rows) && rows < observe + window) {
      throw new IllegalArgumentException(
          "a budget holds "
              + observe
              + " observed rows and a window of "
              + window
              + ", got "
              + rows
              + " rows");
    }
  }

  /** How many rows a budget has before it is shared between layers. */
  public sealed interface Amount {
    /** {@return the canonical text} */
    String text();
  }

  /**
   * So many rows at any length.
   *
   * @param rows at least 1
   */
  public record Rows(int rows) implements Amount {
    @Override
    public String text() {
      return Integer.toString(rows);
    }
  }

  /**
   * A share of the true tokens, rounded down.
   *
   * @param percent above 0, at most 100, with at most 6 decimals
   */
  public record Percent(BigDecimal percent) implements Amount {
    /** The most decimals that a percentage has. */
    public static final int DECIMALS = 6;

    private static final long WHOLE = 100_000_000;

    /** Drops trailing zeros and refuses shares out of range. */
    public Percent {
      percent = percent.stripTrailingZeros();
      if (percent.signum() <= 0
          || percent.compareTo(BigDecimal.valueOf(100)) > 0
          || percent.scale() > DECIMALS) {
        throw new IllegalArgumentException(
            "a share of rows is above 0% and at most 100%, with at most "
                + DECIMALS
                + " decimals, got "
                + percent.toPlainString()
                + "%");
      }
    }

    /** {@return the numerator of the share as a fraction in lowest terms, at most 10^8} */
    public long numerator() {
      return millionths() / divisor();
    }

    /** {@return the denominator of the share as a fraction in lowest terms, at most 10^8} */
    public long denominator() {
      return WHOLE / divisor();
    }

    @Override
    public String text() {
      return percent.toPlainString() + "%";
    }

    private long millionths() {
      return percent.movePointRight(DECIMALS).longValueExact();
    }

    private long divisor() {
      return BigInteger.valueOf(millionths()).gcd(BigInteger.valueOf(WHOLE)).longValueExact();
    }
  }

  /** How the layers of one technique use share its budget. */
  public sealed interface Shape {
    /** {@return the canonical text, empty for a uniform one} */
    String text();
  }

  /** Every layer has the same budget. */
  public record Uniform() implements Shape {
    @Override
    public String text() {
      return "";
    }
  }

  /**
   * Lower layers have more, in equal steps (PyramidKV, Cai et al., 2024; its reference code). At C
   * tokens and fewer, and at fewer than {@code 2 M} with M = C - W, every layer has C. Else, before
   * the observed rows:
   *
   * <pre>{@code
   * last  = M / beta, first = 2 M - last
   * first = T - W, last = 2 M - first      if first was at least T - W
   * layer = first - index * ((first - last) / (count - 1))
   * }</pre>
   *
   * @param beta how steep, at least 1; 1 is flat
   * @param index which of the layers this is, ascending, from 0
   * @param count how many layers share the budget
   */
  public record Pyramid(int beta, int index, int count) implements Shape {
    /** Refuses what has no meaning. */
    public Pyramid {
      checkPlace("pyramid", index, count);
      if (beta < 1) {
        throw new IllegalArgumentException("beta of a pyramid is at least 1, got " + beta);
      }
    }

    @Override
    public String text() {
      return "pyramid" + placeText(beta, index, count);
    }
  }

  /**
   * Runs of layers have budgets of their own, lower ones more (WindowKV, Zuo et al., 2025; its
   * reference code). With M = C - W, before the observed rows:
   *
   * <pre>{@code
   * last  = 8 M / beta, first = 2 M - last
   * run   = first - index * ((first - last) / (count - 1)), of the last one exactly last
   * }</pre>
   *
   * @param beta how steep, at least 8, which is flat
   * @param index which of the runs this layer is in, ascending, from 0
   * @param count how many runs share the budget
   */
  public record Groups(int beta, int index, int count) implements Shape {
    /** The numerator of the last run's share: the beta at which all runs have the same. */
    public static final int FLAT = 8;

    /** Refuses what has no meaning. */
    public Groups {
      checkPlace("groups", index, count);
      if (beta < FLAT) {
        throw new IllegalArgumentException("beta of groups is at least " + FLAT + ", got " + beta);
      }
    }

    @Override
    public String text() {
      return "groups" + placeText(beta, index, count);
    }
  }

  /**
   * {@return K(T): how many slots the kept rows of a head have when {@code tokens} rows were
   * appended; a selection keeps at most as many rows}
   *
   * @param tokens at least 0
   */
  public int slots(int tokens) {
    return slots(tokens, numerator(), denominator());
  }

  /**
   * {@return how many windows are chosen besides the observed rows: those that fit the slots, the
   * last of them maybe not with all its rows}
   *
   * @param tokens at least 0
   */
  public int windows(int tokens) {
    return Math.ceilDiv(Math.max(slots(tokens) - observe, 0), window);
  }

  /**
   * {@return the most slots at any length up to {@code context}}
   *
   * @param context at least 0
   */
  public int most(int context) {
    boolean grows =
        switch (shape) {
          // The whole of a cap is only for as many tokens; more of them share whole windows.
          case Uniform() -> window == 1;
          case Pyramid _ -> false;
          // Rounding its steps makes a run lose rows here and there as a share grows.
          case Groups _ -> window == 1 && amount instanceof Rows;
        };
    if (grows) {
      return slots(context);
    }
    long numerator = numerator();
    long denominator = denominator();
    int most = 0;
    for (int tokens = 0; tokens <= context; tokens++) {
      most = Math.max(most, slots(tokens, numerator, denominator));
    }
    return most;
  }

  /** {@return the canonical text} */
  public String text() {
    return "budget("
        + amount.text()
        + ", observe = "
        + observe
        + ", window = "
        + window
        + (shape.text().isEmpty() ? "" : ", " + shape.text())
        + ")";
  }

  /** The amount as a fraction of the tokens; over 0 it is a number of rows. */
  private long numerator() {
    return switch (amount) {
      case Rows(int rows) -> rows;
      case Percent share -> share.numerator();
    };
  }

  private long denominator() {
    return switch (amount) {
      case Rows _ -> 0;
      case Percent share -> share.denominator();
    };
  }

  private int slots(int tokens, long numerator, long denominator) {
    long mean =
        denominator == 0
            ? numerator
            : Math.max(tokens * numerator / denominator, (long) observe + window);
    long cap =
        switch (shape) {
          case Uniform() -> mean;
          case Pyramid pyramid -> pyramidCap(mean, tokens, pyramid);
          case Groups groups -> groupsCap(mean, groups);
        };
    if (tokens <= cap) {
      return tokens;
    }
    return (int) Math.min(tokens, (cap - observe) / window * window + observe);
  }

  private long pyramidCap(long mean, int tokens, Pyramid place) {
    long chosen = mean - observe;
    if (place.count() == 1 || tokens <= mean || tokens < 2 * chosen) {
      return mean;
    }
    long last = chosen / place.beta();
    long first = 2 * chosen - last;
    if (first >= (long) tokens - observe) {
      first = (long) tokens - observe;
      last = 2 * chosen - first;
    }
    long step = (first - last) / (place.count() - 1);
    return first - place.index() * step + observe;
  }

  private long groupsCap(long mean, Groups place) {
    if (place.count() == 1) {
      return mean;
    }
    long chosen = mean - observe;
    long last = Groups.FLAT * chosen / place.beta();
    long first = 2 * chosen - last;
    long step = (first - last) / (place.count() - 1);
    long own = place.index() == place.count() - 1 ? last : first - place.index() * step;
    return own + observe;
  }

  private static void checkPlace(String shape, int index, int count) {
    if (index < 0 || index >= count) {
      throw new IllegalArgumentException(
          "a place in " + shape + " is from 0 to below its count, got " + index + " of " + count);
    }
  }

  private static String placeText(int beta, int index, int count) {
    return "(beta = " + beta + ", index = " + index + ", count = " + count + ")";
  }
}
