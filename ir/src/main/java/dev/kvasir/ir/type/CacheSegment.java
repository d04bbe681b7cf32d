package dev.kvasir.ir.type;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Rows of a KV cache that share one element format and one rule of retention.
 *
 * <p>Text: {@code dense bf16}, {@code sink bf16 rows 4}, {@code ring f32 rows 256 window 4096},
 * {@code dense bf16 packed key int8(per = channel, group = 64) value int4(per = token, group =
 * 32)}, {@code kept bf16 budget(2048, observe = 32, window = 8)}, {@code slots bf16 rows 128},
 * {@code tail bf16 rows 512}, {@code shared bf16 merge(lower, with = 3, t = 0.6, retain = 5%, tail
 * = 128)}, with a budget in front where a selection chooses the rows; a name other than the kind's
 * comes first: {@code first = dense bf16}.
 *
 * @param name unique within the cache; lower-case letters, digits and underscores
 * @param kind which rows it holds
 * @param format how keys and values are stored, rounded to nearest even; with a packing those of
 *     the open page
 * @param rows of a sink: how many first positions it holds; of a ring: how many recent rows a query
 *     sees, the running one included; of slots: how many there are; of a tail: how many rows make
 *     it be selected from, folded or merged, at which it is empty again; of the others 0
 * @param window the model's own sliding window: a query at position p sees positions above p -
 *     window only
 * @param budget of kept rows, and of shared rows that a selection chooses, how many there are
 * @param merge of shared rows, how they come about
 * @param packing how closed pages are coded; a sink, which is small and read by every query, a tail
 *     and retained rows have none
 */
public record CacheSegment(
    String name,
    Kind kind,
    ElementFormat format,
    int rows,
    OptionalInt window,
    Optional<RowBudget> budget,
    Optional<Merge> merge,
    Optional<Packing> packing) {

  /** Which rows a segment holds. */
  public enum Kind {
    /** Every row that no other segment of the heads holds. */
    DENSE,
    /** The rows at positions below {@code rows}. */
    SINK,
    /** The other rows; a query at position p sees those above p - {@code rows}. */
    RING,
    /** The rows that the last selection chose. */
    KEPT,
    /** The rows that the last fold kept or mixed; before it the first rows. */
    SLOTS,
    /**
     * The rows since the last selection, fold or merge; before the first fold those behind the
     * slots.
     */
    TAIL,
    /**
     * The directions of the rows up to the last merge, which two layers share; with a budget, of
     * the rows that the last selection chose.
     */
    SHARED,
    /** The originals of those of them whose directions differ most. */
    RETAINED;

    /** {@return the word in IR text} */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Refuses sizes and formats that have no meaning. */
  public CacheSegment {
    if (!name.matches("[a-z][a-z0-9_]*")) {
      throw new IllegalArgumentException("a segment name is a lower-case word, got " + name);
    }
    if (!format.isFloating()) {
      throw new IllegalArgumentException("segment " + name + " cannot hold " + format.text());
    }
    boolean sized = isSized(kind);
    if (sized ? rows < 1 : rows != 0) {
      throw new IllegalArgumentException(
          "a "
              + kind.text()
              + " segment has "
              + (sized ? "at least 1 row" : "0 rows (all)")
              + ", got "
              + rows);
    }
    if (kind == Kind.KEPT ? budget.isEmpty() : budget.isPresent() && kind != Kind.SHARED) {
      throw new IllegalArgumentException(
          "kept rows have a budget, shared rows may, others have none, got " + kind.text());
    }
    if (merge.isPresent() != (kind == Kind.SHARED)) {
      throw new IllegalArgumentException(
          "shared rows are merged and others are not, got " + kind.text());
    }
    if (window.isPresent() && window.getAsInt() < 1) {
      throw new IllegalArgumentException("a window is at least 1, got " + window.getAsInt());
    }
    if (packing.isPresent() && !isPackable(kind)) {
      throw new IllegalArgumentException("a " + kind.text() + " is never packed");
    }
  }

  /** {@return an unpacked segment of this kind, named after it} */
  public static CacheSegment of(Kind kind, ElementFormat format, int rows, OptionalInt window) {
    return new CacheSegment(
        kind.text(),
        kind,
        format,
        rows,
        window,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** {@return an unpacked segment of chosen rows} */
  public static CacheSegment kept(ElementFormat format, RowBudget budget) {
    return new CacheSegment(
        Kind.KEPT.text(),
        Kind.KEPT,
        format,
        0,
        OptionalInt.empty(),
        Optional.of(budget),
        Optional.empty(),
        Optional.empty());
  }

  /** {@return an unpacked segment of shared directions of all rows} */
  public static CacheSegment shared(ElementFormat format, Merge merge) {
    return shared(format, Optional.empty(), merge);
  }

  /** {@return an unpacked segment of shared directions, with a budget those of chosen rows} */
  public static CacheSegment shared(ElementFormat format, Optional<RowBudget> budget, Merge merge) {
    return new CacheSegment(
        Kind.SHARED.text(),
        Kind.SHARED,
        format,
        0,
        OptionalInt.empty(),
        budget,
        Optional.of(merge),
        Optional.empty());
  }

  /** {@return this segment in another format; with a packing, that of the open page} */
  public CacheSegment withFormat(ElementFormat other) {
    return new CacheSegment(name, kind, other, rows, window, budget, merge, packing);
  }

  /** {@return this segment with its closed pages coded} */
  public CacheSegment withPacking(Packing other) {
    return new CacheSegment(name, kind, format, rows, window, budget, merge, Optional.of(other));
  }

  /** {@return whether closed pages of the segment may be coded} */
  public boolean isPackable() {
    return isPackable(kind);
  }

  /**
   * {@return whether a query sees a row of this segment}
   *
   * @param queryPosition true position of the query, at least 0
   * @param rowPosition true position of the row, at least 0
   */
  public boolean isVisible(int queryPosition, int rowPosition) {
    return rowPosition <= queryPosition
        && (window.isEmpty() || rowPosition > queryPosition - window.getAsInt())
        && (kind != Kind.RING || rowPosition > queryPosition - rows);
  }

  /**
   * {@return the pages of rows that a ring keeps, the open page of a packed one apart: at least
   * those that the next query sees}
   *
   * @throws IllegalStateException unless this is a ring
   */
  public int ringPages() {
    if (kind != Kind.RING) {
      throw new IllegalStateException("segment " + name + " is no ring");
    }
    return packing.isPresent()
        ? Math.max(1, Math.ceilDiv(rows - 1, QuantisedFormat.PAGE_ROWS))
        : Math.ceilDiv(rows, QuantisedFormat.PAGE_ROWS) + 1;
  }

  /**
   * {@return the pages that a ring has dropped between two runs, always the oldest: for each new
   * page beyond those it keeps, or, when packed, for each full one}
   *
   * @param appended rows that it has ever got
   * @throws IllegalStateException unless this is a ring
   */
  public int droppedPages(int appended) {
    int pages =
        packing.isPresent()
            ? appended / QuantisedFormat.PAGE_ROWS
            : Math.ceilDiv(appended, QuantisedFormat.PAGE_ROWS);
    return Math.max(pages - ringPages(), 0);
  }

  /** {@return the canonical text} */
  public String text() {
    return (name.equals(kind.text()) ? "" : name + " = ")
        + kind.text()
        + " "
        + format.text()
        + (isSized(kind) ? " rows " + rows : "")
        + (window.isPresent() ? " window " + window.getAsInt() : "")
        + budget.map(rowBudget -> " " + rowBudget.text()).orElse("")
        + merge.map(pair -> " " + pair.text()).orElse("")
        + packing.map(codes -> " " + codes.text()).orElse("");
  }

  private static boolean isSized(Kind kind) {
    return switch (kind) {
      case DENSE, KEPT, SHARED, RETAINED -> false;
      case SINK, RING, SLOTS, TAIL -> true;
    };
  }

  private static boolean isPackable(Kind kind) {
    return switch (kind) {
      case DENSE, RING, KEPT, SLOTS, SHARED -> true;
      case SINK, TAIL, RETAINED -> false;
    };
  }
}
