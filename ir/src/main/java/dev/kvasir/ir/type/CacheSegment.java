package dev.kvasir.ir.type;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Rows of a KV cache that share one element format and one rule of retention.
 *
 * <p>Text: {@code dense bf16}, {@code sink bf16 rows 4}, {@code ring f32 rows 256 window 4096},
 * {@code dense bf16 packed key int8(per = channel, group = 64) value int4(per = token, group =
 * 32)}; a name other than the kind's comes first: {@code kept = dense bf16}.
 *
 * @param name unique within the cache; lower-case letters, digits and underscores
 * @param kind which rows it holds
 * @param format how keys and values are stored, rounded to nearest even; with a packing those of
 *     the open page
 * @param rows of a sink: how many first positions it holds; of a ring: how many recent rows a query
 *     sees, the running one included; of a dense segment 0: all
 * @param window the model's own sliding window: a query at position p sees positions above p -
 *     window only
 * @param packing how closed pages are coded; a sink, which is small and read by every query, has
 *     none
 */
public record CacheSegment(
    String name,
    Kind kind,
    ElementFormat format,
    int rows,
    OptionalInt window,
    Optional<Packing> packing) {

  /** Which rows a segment holds. */
  public enum Kind {
    /** Every row that no other segment of the heads holds. */
    DENSE,
    /** The rows at positions below {@code rows}. */
    SINK,
    /** The other rows; a query at position p sees those above p - {@code rows}. */
    RING;

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
    boolean sized = rows >= 1;
    if (kind == Kind.DENSE ? rows != 0 : !sized) {
      throw new IllegalArgumentException(
          "a "
              + kind.text()
              + " segment has "
              + (kind == Kind.DENSE ? "0 rows (all)" : "at least 1 row")
              + ", got "
              + rows);
    }
    if (window.isPresent() && window.getAsInt() < 1) {
      throw new IllegalArgumentException("a window is at least 1, got " + window.getAsInt());
    }
    if (kind == Kind.SINK && packing.isPresent()) {
      throw new IllegalArgumentException("a sink is never packed");
    }
  }

  /** {@return an unpacked segment of this kind, named after it} */
  public static CacheSegment of(Kind kind, ElementFormat format, int rows, OptionalInt window) {
    return new CacheSegment(kind.text(), kind, format, rows, window, Optional.empty());
  }

  /** {@return this segment in another format; with a packing, that of the open page} */
  public CacheSegment withFormat(ElementFormat other) {
    return new CacheSegment(name, kind, other, rows, window, packing);
  }

  /** {@return this segment with its closed pages coded} */
  public CacheSegment withPacking(Packing other) {
    return new CacheSegment(name, kind, format, rows, window, Optional.of(other));
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
        + (kind == Kind.DENSE ? "" : " rows " + rows)
        + (window.isPresent() ? " window " + window.getAsInt() : "")
        + packing.map(codes -> " " + codes.text()).orElse("");
  }
}
