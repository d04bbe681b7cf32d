package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;

/**
 * The rows that a selection chooses among, one number each: first the rows that an earlier
 * selection chose, then the tail, then, while a prompt is prefilled, the running span, so that
 * numbers ascend with positions.
 */
public final class Candidates {

  /** The dim that says how many rows the tail holds. */
  public static final String TAIL_ROWS = "tail_rows";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /**
   * Where candidates are read from.
   *
   * @param span whether a span is running
   * @param spanPages pages of raw rows that the span's scratch holds per head
   * @param room how lists over candidates lie
   * @param rebuilt rows per head, in whole pages, that the scratch of {@link RebuildRows} holds; 0
   *     where kept rows are read from the cache
   */
  public record Source(boolean span, int spanPages, CandidateRoom room, int rebuilt) {

    /** A source whose kept rows are read from the cache. */
    public Source(boolean span, int spanPages, CandidateRoom room) {
      this(span, spanPages, room, 0);
    }

    /** {@return whether kept rows are rebuilt first} */
    boolean isRebuilt() {
      return rebuilt > 0;
    }

    /** {@return the segments whose pages are read} */
    List<SegmentPart> segments(AttentionShape shape) {
      return isRebuilt() ? List.of(shape.segments().getLast()) : shape.segments();
    }
  }

  /** What is done with each page. */
  interface Visitor {
    /**
     * Visits up to 64 candidates that lie in one page.
     *
     * @param page their rows
     * @param first number of the first candidate
     * @param rows how many, at least 1; more than 64 where others follow in the next page
     * @param position true position of the first, for those whose positions follow each other; of
     *     chosen rows one that none of them is before
     */
    void visit(PageRows page, IntExpression first, IntExpression rows, IntExpression position);
  }

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final Source source;
  private final CachedPages cached;
  private final PageBuffer raw;
  private final PageBuffer rebuilt;

  /** Rows that were chosen before. */
  final IntExpression kept;

  /** Rows of the tail. */
  final IntExpression tail;

  /** Rows of the running span, 0 in a step. */
  final IntExpression span;

  /**
   * Declares buffers and dims.
   *
   * @param cached the pages of {@link Source#segments}
   */
  Candidates(KernelBuilder kernel, AttentionShape shape, Source source, CachedPages cached) {
    this.kernel = kernel;
    this.shape = shape;
    this.source = source;
    this.cached = cached;
    raw =
        new PageBuffer(
            source.span() ? kernel.reads("raw", ElementFormat.F32) : "", shape.plainPage());
    rebuilt =
        new PageBuffer(
            source.isRebuilt() ? kernel.reads(RebuildRows.REBUILT, ElementFormat.F32) : "",
            shape.plainPage());
    kept = kernel.let("kept", PagedRows.held(kernel, shape));
    tail = kernel.dim(TAIL_ROWS);
    span = source.span() ? kernel.dim("span") : IntExpression.constant(0);
  }

  /** {@return the pages of one list: an upper bound for the last axis} */
  public static IntExpression pages(IntExpression kept, IntExpression tail, IntExpression span) {
    return kept.ceilDivide(PAGE_ROWS)
        .plus(tail.ceilDivide(PAGE_ROWS))
        .plus(span.ceilDivide(PAGE_ROWS));
  }

  /**
   * Visits the page of that number, counted over all segments and the span; none beyond the end.
   */
  void visit(IntExpression number, IntExpression head, Visitor visitor) {
    IntExpression from = number;
    IntExpression before = IntExpression.constant(0);
    if (source.isRebuilt()) {
      from = visitRebuilt(number, visitor);
      before = kept;
    }
    for (SegmentPart segment : source.segments(shape)) {
      IntExpression rows = segment.isChosen() ? kept : tail;
      IntExpression first = before;
      IntExpression pages = kernel.let(segment.name() + "_pages", rows.ceilDivide(PAGE_ROWS));
      cached.attend(
          segment,
          rows,
          clamp(from, pages),
          clamp(from.plus(1), pages),
          (page, index) -> {
            IntExpression row = kernel.let("row", index.times(PAGE_ROWS));
            visitor.visit(
                page,
                first.plus(row),
                rows.minus(row),
                PagedRows.origin(kernel, segment).plus(row));
          });
      from = kernel.let(segment.name() + "_after", from.minus(pages));
      before = before.plus(rows);
    }
    if (source.span()) {
      IntExpression first = before;
      IntExpression pages = kernel.let("span_pages", span.ceilDivide(PAGE_ROWS));
      kernel.loop(
          "raw_page",
          clamp(from, pages),
          clamp(from.plus(1), pages),
          index -> {
            IntExpression row = kernel.let("row", index.times(PAGE_ROWS));
            visitor.visit(
                new PlainPage(kernel, raw, head.times(source.spanPages()).plus(index)),
                first.plus(row),
                span.minus(row),
                kernel.dim("position").plus(row));
          });
    }
  }

  /** {@return the number from the first page of the tail on} */
  private IntExpression visitRebuilt(IntExpression number, Visitor visitor) {
    IntExpression pages = kernel.let("rebuilt_pages", kept.ceilDivide(PAGE_ROWS));
    kernel.loop(
        "rebuilt_page",
        clamp(number, pages),
        clamp(number.plus(1), pages),
        index -> {
          IntExpression row = kernel.let("row", index.times(PAGE_ROWS));
          IntExpression page = GatherKept.page(kernel, source.rebuilt(), index);
          visitor.visit(new PlainPage(kernel, rebuilt, page), row, kept.minus(row), row);
        });
    return kernel.let("after_rebuilt", number.minus(pages));
  }

  /**
   * {@return the numbers of the candidates in a tile [1, 64], -1 where there is none}
   *
   * @param first number of the first
   * @param rows how many there are from the first on
   */
  static TileExpression places(IntExpression first, IntExpression rows) {
    TileExpression column = new TileExpression.ColumnIndex();
    return column
        .less(TileExpression.uniform(rows))
        .select(
            column.plus(TileExpression.uniform(first)),
            TileExpression.uniform(IntExpression.constant(-1)));
  }

  private static IntExpression clamp(IntExpression value, IntExpression most) {
    return value.maximum(IntExpression.constant(0)).minimum(most);
  }
}
