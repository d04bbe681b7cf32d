package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.ElementFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The pages of all segments of a head group, as a kernel that reads them finds them. */
public final class CachedPages {

  /** What is done with each page. */
  interface Visitor {
    /**
     * Attends one page.
     *
     * @param page its rows
     * @param number its number within the segment
     */
    void visit(PageRows page, IntExpression number);
  }

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final String table;
  private final Map<SegmentPart, PackedPages> packed = new LinkedHashMap<>();
  private final Map<SegmentPart, NormPages> norms = new LinkedHashMap<>();

  /**
   * Declares the buffers of all segments.
   *
   * @param table buffer of page numbers
   * @param rows query rows
   */
  CachedPages(KernelBuilder kernel, AttentionShape shape, String table, int rows) {
    this(kernel, shape, shape.segments(), table, rows, false);
  }

  /** {@return pages of some segments, of which only the keys are read} */
  static CachedPages ofKeys(
      KernelBuilder kernel,
      AttentionShape shape,
      List<SegmentPart> segments,
      String table,
      int rows) {
    return new CachedPages(kernel, shape, segments, table, rows, true);
  }

  private CachedPages(
      KernelBuilder kernel,
      AttentionShape shape,
      List<SegmentPart> segments,
      String table,
      int rows,
      boolean keysAlone) {
    this.kernel = kernel;
    this.shape = shape;
    this.table = table;
    if (shape.segments().stream().anyMatch(SegmentPart::isCounted)) {
      kernel.reads(PagedRows.COUNTS, ElementFormat.I32);
    }
    for (SegmentPart segment : segments) {
      kernel.reads(pages(segment), segment.format());
      if (segment.packing().isPresent()) {
        packed.put(segment, new PackedPages(kernel, shape, segment, rows, keysAlone));
      }
      if (segment.hasNorms()) {
        norms.put(segment, new NormPages(kernel, shape, segment, table));
      }
    }
  }

  /** {@return the argument that holds a segment's pages; of a packed segment, its open page} */
  public static String pages(SegmentPart segment) {
    return "pages_" + segment.name();
  }

  /** Lets the sums of this follow the reference maximum. */
  void follow(OnlineSoftmax softmax) {
    packed.values().forEach(pages -> pages.follow(softmax));
  }

  /** Adds what the pages have kept apart to the output. */
  void finish(String output) {
    packed.values().forEach(pages -> pages.finish(output));
  }

  /** Prepares for queries that have just been loaded. */
  void start(String queries) {
    packed.values().forEach(pages -> pages.start(queries));
  }

  /**
   * Visits pages {@code first} to {@code end} - 1 of a segment, ascending.
   *
   * @param held rows of the segment before the run
   */
  void attend(
      SegmentPart segment,
      IntExpression held,
      IntExpression first,
      IntExpression end,
      Visitor visitor) {
    NormPages factors = norms.get(segment);
    Visitor all =
        factors == null
            ? visitor
            : (page, number) -> visitor.visit(factors.of(page, number), number);
    IntExpression tableStart =
        kernel.let(segment.name() + "_table", PagedRows.tableStart(kernel, shape, segment));
    PackedPages codes = packed.get(segment);
    if (codes == null) {
      kernel.loop(
          "page",
          first,
          end,
          page ->
              all.visit(
                  plain(
                      segment, PagedRows.physical(kernel, shape, segment, table, tableStart, page)),
                  page));
      return;
    }
    IntExpression closed =
        kernel.let(segment.name() + "_closed", held.floorDivide(SegmentPart.PAGE_ROWS));
    kernel.loop(
        "page",
        first,
        end.minimum(closed),
        page ->
            all.visit(
                codes.page(PagedRows.physical(kernel, shape, segment, table, tableStart, page)),
                page));
    kernel.loop(
        "open_page",
        first.maximum(closed),
        end,
        page ->
            all.visit(
                plain(segment, PagedRows.open(kernel, shape, segment, table, tableStart)), page));
  }

  private PageRows plain(SegmentPart segment, IntExpression physical) {
    return new PlainPage(kernel, PageBuffer.of(shape, segment), physical);
  }
}
