package dev.kvasir.plans.program;

import dev.kvasir.plans.StorageFormat;

/**
 * How closed pages store keys or values: codes in groups, each with a step and a least value.
 *
 * <p>An element of a group is {@code step * code + min}. Of a group with the elements x, step =
 * (max - min) / (2^bits - 1), where min and step are rounded to f16 first, and code = rint((x -
 * min) / step) within 0..2^bits - 1; a step of 0 gives code 0.
 *
 * @param codes {@link StorageFormat#U8} or {@link StorageFormat#U4}
 * @param per what a group is made of
 * @param group elements of a group: rows of a channel, or channels of a row
 */
public record PackedFormat(StorageFormat codes, Per per, int group) {

  /** What a group is made of. */
  public enum Per {
    /** Consecutive rows of one channel. */
    CHANNEL("channel"),
    /** Consecutive channels of one row. */
    TOKEN("token");

    private final String text;

    Per(String text) {
      this.text = text;
    }

    /** {@return the name used in plan files} */
    public String text() {
      return text;
    }
  }

  /**
   * {@return the groups of a page}
   *
   * @param pageRows rows of a page
   * @param dim elements of a row
   */
  public long groups(int pageRows, int dim) {
    return switch (per) {
      case CHANNEL -> (long) (pageRows / group) * dim;
      case TOKEN -> (long) (dim / group) * pageRows;
    };
  }
}
