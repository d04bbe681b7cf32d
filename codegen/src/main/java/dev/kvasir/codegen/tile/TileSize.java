package dev.kvasir.codegen.tile;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A size that shapes kernels, by its name on the command line and in plans. */
public enum TileSize {
  /** Cache rows of one KV head that one work item of decode attention reads: whole pages. */
  ROWS_PER_SPLIT("rows-per-split", "cache rows of a work item of decode attention", 64, 1 << 20) {
    @Override
    boolean fits(int value) {
      return value % 64 == 0;
    }

    @Override
    String rule() {
      return "a multiple of 64";
    }
  },

  /** Prompt rows that one work item of prefill attention attends, all query heads of a group. */
  PREFILL_TOKENS("prefill-tokens", "prompt rows of a work item of prefill attention", 1, 64) {
    @Override
    boolean fits(int value) {
      return Integer.bitCount(value) == 1;
    }

    @Override
    String rule() {
      return "a power of two";
    }
  },

  /**
   * Most weights that one work item of a product of one row with a matrix reads, as far as eight
   * rows of the matrix have fewer; half of it is the least.
   */
  VECTOR_WEIGHTS(
      "vector-weights", "most weights of a work item of a product of one row", 2, 1 << 26) {
    @Override
    boolean fits(int value) {
      return true;
    }

    @Override
    String rule() {
      return "a whole number";
    }
  };

  private final String text;
  private final String meaning;
  private final int least;
  private final int most;

  TileSize(String text, String meaning, int least, int most) {
    this.text = text;
    this.meaning = meaning;
    this.least = least;
    this.most = most;
  }

  /** {@return whether a value in range is a size that kernels can have} */
  abstract boolean fits(int value);

  /** {@return which values in range fit} */
  abstract String rule();

  /** {@return the name, for example {@code rows-per-split}} */
  public String text() {
    return text;
  }

  /** {@return what is counted, for example {@code cache rows of a work item}} */
  public String meaning() {
    return meaning;
  }

  /** {@return the values that {@link #accepts} takes: {@code a multiple of 64 from 64 to 1024}} */
  public String range() {
    return "%s from %d to %d".formatted(rule(), least, most);
  }

  /** {@return whether kernels can have this size} */
  public boolean accepts(int value) {
    return value >= least && value <= most && fits(value);
  }

  /** {@return the size of that name; empty when there is none} */
  public static Optional<TileSize> named(String text) {
    return Arrays.stream(values()).filter(size -> size.text.equals(text)).findAny();
  }

  /** {@return all names, in the order of declaration} */
  public static List<String> names() {
    return Arrays.stream(values()).map(TileSize::text).toList();
  }

  /**
   * {@return {@code value}}
   *
   * @throws IllegalArgumentException when {@link #accepts} does not take it
   */
  public int require(int value) {
    if (!accepts(value)) {
      throw new IllegalArgumentException("%s must be %s, got %d".formatted(text, range(), value));
    }
    return value;
  }
}
