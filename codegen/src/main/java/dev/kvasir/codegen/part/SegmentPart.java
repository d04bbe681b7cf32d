package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.plans.PageLayout;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One segment as kernels see it: rows in pages of 64, row r at true position firstPosition + r. A
 * query at position p sees the rows at positions in [firstPosition, endPosition) that are at most p
 * and, with a window, greater than p - window.
 *
 * <p>A packed segment has closed pages, which are coded, and one open page in the segment's own
 * format, which takes new rows. A page closes after the run that filled it.
 */
public interface SegmentPart {

  /** Cache rows of a page. */
  int PAGE_ROWS = PageLayout.ROWS;

  /** {@return what the cache type says of it} */
  CacheSegment segment();

  /** {@return the segment's name within its layer} */
  default String name() {
    return segment().name();
  }

  /** {@return a short name that tells apart what kernels know of segments: {@code ring256} } */
  default String text() {
    StringBuilder text = new StringBuilder(name());
    endPosition().ifPresent(text::append);
    window().ifPresent(text::append);
    return text.toString();
  }

  /** {@return how its rows are stored; of a packed segment, those of the open page} */
  default ElementFormat format() {
    return segment().format();
  }

  /** {@return how closed pages are coded; empty when pages stay as they are} */
  default Optional<Packing> packing() {
    return segment().packing();
  }

  /** {@return true position of row 0, as far as it is the same for good} */
  default int firstPosition() {
    return 0;
  }

  /** {@return true position of row 0} */
  default IntExpression origin() {
    return IntExpression.constant(firstPosition());
  }

  /** {@return the program's mark that {@link #origin} or {@link #rows} take; empty for none} */
  default Optional<String> mark() {
    return Optional.empty();
  }

  /**
   * {@return whether the rows of a head are counted in memory, since no other fact gives their
   * number}
   *
   * <p>Such a segment holds chosen rows: the true position of row r is in memory too, at least r,
   * and at most the latest before the last selection. To masks row r stands at position r. {@link
   * #rows} are then the most that a head can have.
   */
  default boolean isCounted() {
    return false;
  }

  /**
   * {@return whether the rows of a run go here as they are; to masks, row r of other segments
   * stands at position r, before all queries}
   */
  default boolean isAppended() {
    return !isCounted();
  }

  /**
   * {@return whether kernels are told how many table entries a head has, and unless they are {@link
   * #isCounted} how many rows, since that differs from layer to layer}
   */
  default boolean isSized() {
    return isCounted();
  }

  /**
   * {@return whether its rows are some of those that a counted segment before it holds; lists of
   * their own count them}
   */
  default boolean isAmongKept() {
    return false;
  }

  /** {@return whether rows have norms, and may be hidden} */
  default boolean hasNorms() {
    return false;
  }

  /**
   * {@return whether its rows are chosen or made from others, so that memory has their true
   * positions, once its mark was set}
   */
  default boolean isChosen() {
    return isCounted();
  }

  /** {@return the true position after the last row it can ever hold; empty for no end} */
  default OptionalInt endPosition() {
    return OptionalInt.empty();
  }

  /** {@return rows at true positions up to current - window are invisible; empty for no window} */
  default OptionalInt window() {
    return segment().window();
  }

  /** {@return rows appended once {@code tokens} true tokens are in the cache} */
  IntExpression rows(IntExpression tokens);

  /**
   * {@return pages that one head may hold at a time, the open page of a packed segment apart}
   *
   * @param context most true tokens
   */
  int slots(int context);

  /**
   * {@return page table entries of one head: a slot each and one for the open page}
   *
   * @param context most true tokens
   */
  default int tableEntries(int context) {
    return slots(context) + (packing().isPresent() ? 1 : 0);
  }

  /**
   * {@return pages of a packed segment that are closed throughout a run}
   *
   * @param position true tokens in the cache before the run
   */
  default IntExpression closedPages(IntExpression position) {
    return rows(position).floorDivide(PAGE_ROWS);
  }

  /** {@return the first page that a query at {@code firstQuery} or later can see} */
  default IntExpression firstPage(IntExpression firstQuery) {
    return pagesBefore(firstVisible(firstQuery).minus(firstPosition()));
  }

  /**
   * {@return the first page of a running span's raw rows that a query can see}
   *
   * @param spanStart true position of the span's first row
   * @param firstQuery true position of the earliest query
   */
  default IntExpression firstSpanPage(IntExpression spanStart, IntExpression firstQuery) {
    return pagesBefore(firstVisible(firstQuery).minus(spanStart));
  }

  /**
   * {@return where this segment's range of a running span's raw rows ends, in pages}
   *
   * @param spanStart true position of the span's first row
   * @param pages pages that the queries may see at all
   */
  default IntExpression endSpanPage(IntExpression spanStart, IntExpression pages) {
    if (endPosition().isEmpty()) {
      return pages;
    }
    return IntExpression.constant(endPosition().getAsInt())
        .minus(spanStart)
        .maximum(IntExpression.constant(0))
        .ceilDivide(PAGE_ROWS)
        .minimum(pages);
  }

  private IntExpression firstVisible(IntExpression firstQuery) {
    IntExpression first = IntExpression.constant(firstPosition());
    return window().isEmpty() ? first : firstQuery.minus(window().getAsInt() - 1).maximum(first);
  }

  private static IntExpression pagesBefore(IntExpression rows) {
    return rows.maximum(IntExpression.constant(0)).floorDivide(PAGE_ROWS);
  }

  /**
   * {@return whether every query sees every row of a run of rows}
   *
   * @param firstRow true position of the first row
   * @param lastRow true position of the last row
   * @param firstQuery true position of the earliest query
   * @param lastQuery true position of the latest query
   */
  default IntExpression seesAll(
      IntExpression firstRow,
      IntExpression lastRow,
      IntExpression firstQuery,
      IntExpression lastQuery) {
    IntExpression all = lastRow.lessOrEqual(firstQuery);
    if (firstPosition() > 0) {
      all = all.and(IntExpression.constant(firstPosition()).lessOrEqual(firstRow));
    }
    if (endPosition().isPresent()) {
      all = all.and(lastRow.less(IntExpression.constant(endPosition().getAsInt())));
    }
    if (window().isPresent()) {
      all = all.and(lastQuery.minus(window().getAsInt()).less(firstRow));
    }
    return all;
  }

  /**
   * {@return whether a query sees a row}
   *
   * @param row true position of each row, i32
   * @param query true position of each query, i32
   */
  default TileExpression sees(TileExpression row, TileExpression query) {
    TileExpression visible = row.lessOrEqual(query);
    if (firstPosition() > 0) {
      visible = visible.and(constant(firstPosition()).lessOrEqual(row));
    }
    if (endPosition().isPresent()) {
      visible = visible.and(row.less(constant(endPosition().getAsInt())));
    }
    if (window().isPresent()) {
      visible = visible.and(query.minus(constant(window().getAsInt())).less(row));
    }
    return visible;
  }

  private static TileExpression constant(int value) {
    return TileExpression.uniform(IntExpression.constant(value));
  }

  /** {@return the segments of a head group, in their order} */
  static List<SegmentPart> of(HeadGroup group) {
    return group.segments().stream().map(segment -> of(segment, group)).toList();
  }

  private static SegmentPart of(CacheSegment segment, HeadGroup group) {
    return switch (segment.kind()) {
      case DENSE -> new DensePart(segment);
      case SINK -> new SinkPart(segment);
      case RING -> new RingPart(segment, group.sinkRows());
      case KEPT -> new KeptPart(segment, TailPart.mark(group));
      case SLOTS -> new SlotsPart(segment, TailPart.mark(group));
      case TAIL -> TailPart.of(segment, group);
      case SHARED ->
          group.isSelected()
              ? new ChosenSharedPart(segment, TailPart.mark(group))
              : new SharedPart(segment, group.merge());
      case RETAINED ->
          group.isSelected()
              ? new ChosenRetainedPart(segment, group.merge(), group.budget(), TailPart.mark(group))
              : new RetainedPart(segment, group.merge());
    };
  }
}
