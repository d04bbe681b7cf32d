package dev.kvasir.plans.program;

import dev.kvasir.plans.StorageFormat;
import java.util.Optional;

/**
 * What lies beside the rows of a segment that never reuses a page: for each of its logical pages
 * one page in a pool of its own, which comes and goes with it. Logical page n of the i-th listed
 * head is found at element {@code tableOffset + i * slots + n} of the segment's table.
 */
public sealed interface Beside {

  /** {@return buffer of the pages, one after the other} */
  String pool();

  /** {@return first element of the segment's table that numbers these pages} */
  int tableOffset();

  /** {@return element format of the pages} */
  StorageFormat format();

  /**
   * {@return the elements of a page}
   *
   * @param pageRows rows of a page
   */
  int elements(int pageRows);

  /** {@return the segment whose pages and table elements this segment has too, if any} */
  default Optional<String> shares() {
    return Optional.empty();
  }

  /**
   * Factors of rows that are directions: attention multiplies the logit of row r by element {@code
   * keyNorms + r mod pageRows} of its page, and its value by element {@code valueNorms + r mod
   * pageRows} (MiniCache, Liu et al., 2024). A row whose key has a negative factor is hidden: no
   * query sees it. A page, f16, has four lists, so that two segments may read the same rows with
   * factors of their own.
   *
   * @param pool buffer of pages
   * @param tableOffset first table element
   * @param keyNorms where the keys' list begins, a multiple of pageRows
   * @param valueNorms where the values' list begins, likewise
   * @param shares a segment of another layer, declared before, that has the same rows: all its
   *     pages, and those beside them, are this segment's too, and count once
   */
  record Norms(String pool, int tableOffset, int keyNorms, int valueNorms, Optional<String> shares)
      implements Beside {

    /** Lists of a page. */
    public static final int LISTS = 4;

    @Override
    public StorageFormat format() {
      return StorageFormat.F16;
    }

    @Override
    public int elements(int pageRows) {
      return LISTS * pageRows;
    }
  }

  /**
   * True positions of rows that were chosen from all, ascending. A page, i32, has that of row r at
   * element r mod pageRows.
   *
   * @param pool buffer of pages
   * @param tableOffset first table element
   * @param counts where to read how many rows each head has; empty when every head has as many as
   *     the segment
   */
  record Positions(String pool, int tableOffset, Optional<Counts> counts) implements Beside {

    /** Positions of as many rows in every head as the segment has. */
    public Positions(String pool, int tableOffset) {
      this(pool, tableOffset, Optional.empty());
    }

    @Override
    public StorageFormat format() {
      return StorageFormat.I32;
    }

    @Override
    public int elements(int pageRows) {
      return pageRows;
    }
  }

  /**
   * How many rows each head has of a segment whose rows are all chosen anew from those that another
   * segment of the layer then has: the i-th listed head as many as element {@code offset + i *
   * stride} says, at most the rows of the segment. The rows after those are empty.
   *
   * @param buffer i32 buffer of the session's state
   * @param offset first element
   * @param stride elements from one head's count to the next
   */
  record Counts(String buffer, int offset, int stride) {}
}
