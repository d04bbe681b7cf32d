package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Attention of a tile of prompt rows over what the cache held before the running span and over the
 * span's own raw rows, all query heads of a group at once. Pages that no row of the tile can see
 * are skipped, not masked. A compensation row is as it was before the span: what the span itself
 * pushes out of its window is not seen within it, as without compensation. Grid: sequence, listed
 * head, query tile.
 */
public final class PrefillAttention {

  private PrefillAttention() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape the head group
   * @param tokens prompt rows that one grid point attends, which divide the rows of {@code q}
   * @param spanPages pages of raw rows that the span's scratch holds per head
   */
  public static Kernel build(String name, AttentionShape shape, int tokens, int spanPages) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "query_block");
    int rows = tokens * shape.group();
    String queryBuffer = kernel.reads("q", ElementFormat.F32);
    String ordinals = kernel.reads("ordinals", ElementFormat.I32);
    String heads = kernel.reads("heads", ElementFormat.I32);
    String table = kernel.reads("table", ElementFormat.I32);
    CachedPages cached = new CachedPages(kernel, shape, table, rows);
    CompensationRow.declare(kernel, shape);
    PageBuffer raw = new PageBuffer(kernel.reads("raw", ElementFormat.F32), shape.plainPage());
    AttentionResult result = new AttentionResult(kernel, shape);

    String queries = kernel.tile("queries", rows, shape.keyDim());
    String positions = kernel.intTile("positions", rows, 1);
    OnlineSoftmax softmax = new OnlineSoftmax(kernel, shape, rows, queries);

    IntExpression position = kernel.dim("position");
    IntExpression span = kernel.dim("span");
    IntExpression firstToken = kernel.let("first_token", kernel.axis("query_block").times(tokens));
    IntExpression firstQuery = kernel.let("first_query", position.plus(firstToken));
    IntExpression endToken = kernel.let("end_token", firstToken.plus(tokens).minimum(span));
    IntExpression lastQuery = kernel.let("last_query", position.plus(endToken).minus(1));
    IntExpression head = PagedRows.head(kernel, heads);
    QueryRows.loadPositions(kernel, shape, ordinals, positions, rows, firstQuery);
    QueryRows.loadScaled(kernel, shape, queryBuffer, queries, head, firstToken, tokens);
    // Rows of the tile beyond the span hold anything: a NaN there would reach the others through
    // the
    // shared decision to rescale.
    kernel.map(
        queries,
        TileExpression.element(positions)
            .less(TileExpression.uniform(position.plus(span)))
            .select(TileExpression.element(queries), TileExpression.constant(0)));
    cached.follow(softmax);
    softmax.start();
    if (shape.compensated()) {
      CompensationRow.start(
          kernel, shape, softmax, IntExpression.constant(1), ExpelledPages.count(shape, position));
    }
    cached.start(queries);

    Queries query = new Queries(firstQuery, lastQuery, TileExpression.element(positions), position);
    for (SegmentPart segment : shape.segments()) {
      attendCached(kernel, softmax, segment, cached, query);
    }
    IntExpression seenPages = kernel.let("seen_pages", endToken.ceilDivide(SegmentPart.PAGE_ROWS));
    IntExpression rawStart = kernel.let("raw_start", head.times(spanPages));
    for (SegmentPart segment : shape.appended()) {
      kernel.loop(
          "raw_page",
          segment.firstSpanPage(position, firstQuery),
          segment.endSpanPage(position, seenPages),
          page -> {
            IntExpression firstRow =
                kernel.let("first_row", position.plus(page.times(SegmentPart.PAGE_ROWS)));
            softmax.attend(
                new PlainPage(kernel, raw, rawStart.plus(page)),
                firstRow,
                segment.seesAll(
                    firstRow, firstRow.plus(SegmentPart.PAGE_ROWS - 1), firstQuery, lastQuery),
                (row, queryPosition) ->
                    segment
                        .sees(row, queryPosition)
                        .and(row.less(TileExpression.uniform(position.plus(span)))),
                query.positions());
          });
    }
    softmax.finish();
    cached.finish(softmax.output);
    result.store(head, firstToken, tokens, softmax.maximum, softmax.sum, softmax.output);
    return kernel.build();
  }

  /**
   * The tile's queries.
   *
   * @param first true position of the earliest
   * @param last true position of the latest
   * @param positions true position of each tile row
   * @param held tokens in the cache before the span
   */
  private record Queries(
      IntExpression first, IntExpression last, TileExpression positions, IntExpression held) {}

  private static void attendCached(
      KernelBuilder kernel,
      OnlineSoftmax softmax,
      SegmentPart segment,
      CachedPages cached,
      Queries query) {
    IntExpression rows = PagedRows.rows(kernel, segment, query.held());
    IntExpression end = segment.isAppended() ? query.held() : rows;
    cached.attend(
        segment,
        rows,
        segment.firstPage(query.first()),
        rows.ceilDivide(SegmentPart.PAGE_ROWS),
        (page, number) -> {
          IntExpression firstRow =
              kernel.let(
                  "first_row",
                  number.times(SegmentPart.PAGE_ROWS).plus(PagedRows.origin(kernel, segment)));
          IntExpression lastRow = firstRow.plus(SegmentPart.PAGE_ROWS - 1);
          softmax.attend(
              page,
              firstRow,
              segment
                  .seesAll(firstRow, lastRow, query.first(), query.last())
                  .and(lastRow.less(end)),
              (row, position) ->
                  segment.sees(row, position).and(row.less(TileExpression.uniform(end))),
              query.positions());
        });
  }
}
