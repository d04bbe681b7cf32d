package dev.kvasir.ir.type;

import java.util.Locale;

/**
 * How elements are coded in a few bits (KIVI, Liu et al., 2024). The elements of one group share a
 * step and a minimum:
 *
 * <pre>{@code
 * minimum = f16(min x)
 * step    = f16((max x - min x) / (2^bits - 1))
 * code    = clamp(rint((x - minimum) / step), 0, 2^bits - 1)      0 where step is 0
 * x'      = step * code + minimum
 * }</pre>
 *
 * <p>A step or minimum that f16 cannot hold is an error wherever rows are coded.
 *
 * <p>Text: {@code int8(per = channel, group = 64)}.
 *
 * @param bits bits of a code, 4 or 8
 * @param per what a group runs along
 * @param group elements that share a step, at least 16
 */
public record QuantisedFormat(int bits, Per per, int group) {
  /** The fewest elements that may share a step. */
  public static final int MINIMUM_GROUP = 16;

  /** Rows that are coded together: those of one page. */
  public static final int PAGE_ROWS = 64;

  /** The head dimension of a quantised cache is a multiple of this. */
  public static final int DIMENSION_MULTIPLE = 16;

  /** What the elements of a group have in common. */
  public enum Per {
    /** Their channel: a group is so many consecutive rows of one page. */
    CHANNEL,
    /** Their row: a group is so many consecutive channels of one row. */
    TOKEN;

    /** {@return the word in policies, IR text and plans} */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    /**
     * {@return the value with this word}
     *
     * @throws IllegalArgumentException when there is none
     */
    public static Per ofText(String text) {
      for (Per per : values()) {
        if (per.text().equals(text)) {
          return per;
        }
      }
      throw new IllegalArgumentException("per is channel or token, got " + text);
    }
  }

  /** Refuses bits and groups that pages cannot be cut into. */
  public QuantisedFormat {
    if (bits != 4 && bits != 8) {
      throw new IllegalArgumentException("a code has 4 or 8 bits, got " + bits);
    }
    if (group < MINIMUM_GROUP) {
      throw new IllegalArgumentException(
          "group must be at least " + MINIMUM_GROUP + ", got " + group);
    }
    boolean dividesPage = PAGE_ROWS % group == 0;
    switch (per) {
      case CHANNEL -> {
        if (!dividesPage) {
          throw new IllegalArgumentException(
              "group must divide the " + PAGE_ROWS + " rows of a page, got " + group);
        }
      }
      case TOKEN -> {
        if (!dividesPage && group % PAGE_ROWS != 0) {
          throw new IllegalArgumentException(
              "group must divide " + PAGE_ROWS + " or be a multiple of it, got " + group);
        }
      }
    }
  }

  /**
   * {@return the bits of a word such as {@code int4}}
   *
   * @throws IllegalArgumentException when it is no such word
   */
  public static int bitsOf(String word) {
    return switch (word) {
      case "int4" -> 4;
      case "int8" -> 8;
      default ->
          throw new IllegalArgumentException("a quantised format is int8 or int4, got " + word);
    };
  }

  /** {@return the largest code} */
  public int maximumCode() {
    return (1 << bits) - 1;
  }

  /** {@return how many groups one page of one head has, in rows of this many elements} */
  public int groupsOfPage(int headDim) {
    return switch (per) {
      case CHANNEL -> PAGE_ROWS / group * headDim;
      case TOKEN -> headDim / group * PAGE_ROWS;
    };
  }

  /**
   * Checks that rows of a head dimension can be coded like this.
   *
   * @param rows what the rows are, for the message
   * @param headDim elements of a row
   * @throws IllegalArgumentException when they cannot
   */
  public void checkHeadDim(String rows, int headDim) {
    if (headDim % DIMENSION_MULTIPLE != 0) {
      throw new IllegalArgumentException(
          rows
              + " of "
              + headDim
              + " elements cannot be quantised: codes lie in blocks of "
              + DIMENSION_MULTIPLE
              + " channels");
    }
    if (per == Per.TOKEN && headDim % group != 0) {
      throw new IllegalArgumentException(
          "group must divide " + rows + " of " + headDim + " elements, got " + group);
    }
  }

  /** {@return the name of the format without its groups, {@code int4} or {@code int8}} */
  public String word() {
    return "int" + bits;
  }

  /** {@return the canonical text} */
  public String text() {
    return word() + "(per = " + per.text() + ", group = " + group + ")";
  }
}
