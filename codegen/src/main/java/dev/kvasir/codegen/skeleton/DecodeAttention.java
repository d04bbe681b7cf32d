package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Attention of one new row per sequence over all segments of a head group, split over the rows: one
 * grid point reads the pages of one split once for all query heads of the group, and leaves its
 * running maximum, sum and unnormalised output for {@link CombineAttention}.
 *
 * <p>Splits follow each other through the pages of all segments in order, and one may end a segment
 * and begin the next: all read as many pages, but for the last. Grid: sequence, listed head, split.
 */
public final class DecodeAttention {

  private DecodeAttention() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape the head group
   * @param pagesPerSplit pages that one grid point reads
   * @param maxSplits splits that the partial buffers have room for per head
   */
  public static Kernel build(String name, AttentionShape shape, int pagesPerSplit, int maxSplits) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "split");
    int group = shape.group();
    String queryBuffer = kernel.reads("q", ElementFormat.F32);
    String heads = kernel.reads("heads", ElementFormat.I32);
    String table = kernel.reads("table", ElementFormat.I32);
    CachedPages cached = new CachedPages(kernel, shape, table, group);
    CompensationRow.declare(kernel, shape);
    Partials partials = Partials.written(kernel, shape, maxSplits);

    String queries = kernel.tile("queries", group, shape.keyDim());
    OnlineSoftmax softmax = new OnlineSoftmax(kernel, shape, group, queries);

    IntExpression tokens = kernel.dim("tokens");
    IntExpression current = kernel.let("current", tokens.minus(1));
    IntExpression head = PagedRows.head(kernel, heads);
    QueryRows.loadScaled(kernel, shape, queryBuffer, queries, head, kernel.axis("sequence"), 1);
    cached.follow(softmax);
    softmax.start();
    if (shape.compensated()) {
      IntExpression first = kernel.axis("split").equalTo(IntExpression.constant(0));
      CompensationRow.start(kernel, shape, softmax, first, ExpelledPages.beforeStep(shape, tokens));
    }
    cached.start(queries);

    IntExpression from = kernel.let("from", kernel.axis("split").times(pagesPerSplit));
    for (SegmentPart segment : shape.segments()) {
      IntExpression rows = PagedRows.rows(kernel, segment, tokens);
      IntExpression first = kernel.let(segment.name() + "_first", segment.firstPage(current));
      IntExpression pages = kernel.let(segment.name() + "_pages", visiblePages(rows, first));
      IntExpression start = clamp(from, pages);
      IntExpression end = clamp(from.plus(pagesPerSplit), pages);
      cached.attend(
          segment,
          segment.isAppended() ? segment.rows(current) : rows,
          first.plus(start),
          first.plus(end),
          (page, number) ->
              attendPage(
                  kernel,
                  softmax,
                  segment,
                  page,
                  number,
                  segment.isAppended() ? current : rows.minus(1)));
      from = kernel.let(segment.name() + "_after", from.minus(pages));
    }
    softmax.finish();
    cached.finish(softmax.output);
    partials.store(head, kernel.axis("split"), softmax);
    return kernel.build();
  }

  private static void attendPage(
      KernelBuilder kernel,
      OnlineSoftmax softmax,
      SegmentPart segment,
      PageRows page,
      IntExpression number,
      IntExpression current) {
    IntExpression firstRow =
        kernel.let(
            "first_row",
            number.times(SegmentPart.PAGE_ROWS).plus(PagedRows.origin(kernel, segment)));
    IntExpression lastRow = firstRow.plus(SegmentPart.PAGE_ROWS - 1);
    softmax.attend(
        page,
        firstRow,
        segment.seesAll(firstRow, lastRow, current, current),
        segment::sees,
        TileExpression.uniform(current));
  }

  private static IntExpression clamp(IntExpression value, IntExpression most) {
    return value.maximum(IntExpression.constant(0)).minimum(most);
  }

  private static IntExpression visiblePages(IntExpression rows, IntExpression firstPage) {
    return rows.ceilDivide(SegmentPart.PAGE_ROWS)
        .minus(firstPage)
        .maximum(IntExpression.constant(0));
  }

  /** {@return splits of a head once {@code tokens} tokens are in the cache: the last extent} */
  public static IntExpression splits(
      AttentionShape shape, int pagesPerSplit, IntExpression tokens) {
    IntExpression pages = IntExpression.constant(0);
    for (SegmentPart segment : shape.segments()) {
      IntExpression first = segment.firstPage(tokens.minus(1));
      pages = pages.plus(visiblePages(segment.rows(tokens), first));
    }
    return pages.ceilDivide(pagesPerSplit);
  }
}
