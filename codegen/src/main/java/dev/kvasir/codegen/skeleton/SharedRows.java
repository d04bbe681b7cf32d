package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.ElementFormat;

/** Where the directions of a batch go, and the norms beside them. */
final class SharedRows {

  /** The argument that holds shared pages before they are coded. */
  static final String CLOSING = "closing";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final MergeBatch batch;
  private final SegmentPart segment;
  private final String table;

  /** The pages that are written: those of the cache, or such as are coded from there. */
  final PageBuffer target;

  /** The pages that hold what is there already. */
  final PageBuffer old;

  private SharedRows(
      KernelBuilder kernel, AttentionShape shape, MergeBatch batch, String table, boolean joins) {
    this.kernel = kernel;
    this.shape = shape;
    this.batch = batch;
    this.table = table;
    segment = shape.segments().getFirst();
    old = PageBuffer.of(shape, segment);
    target =
        isPacked() ? new PageBuffer(CLOSING, shape.plainPage()) : PageBuffer.of(shape, segment);
    if (joins && !isPacked()) {
      kernel.updates(target.buffer(), segment.format());
    } else {
      kernel.writes(target.buffer(), segment.format());
    }
    if (joins && isPacked()) {
      kernel.reads(old.buffer(), segment.format());
    }
    if (joins) {
      kernel.updates(NormPages.NORMS, ElementFormat.F16);
    } else {
      kernel.writes(NormPages.NORMS, ElementFormat.F16);
    }
  }

  /** Rows that replace others one by one; {@code table} is that of all pages. */
  static SharedRows written(
      KernelBuilder kernel, AttentionShape shape, MergeBatch batch, String table) {
    return new SharedRows(kernel, shape, batch, table, false);
  }

  /** Pages that are written as a whole, with the rows that are there already. */
  static SharedRows joined(
      KernelBuilder kernel, AttentionShape shape, MergeBatch batch, String table) {
    return new SharedRows(kernel, shape, batch, table, true);
  }

  /** {@return whether full pages are coded} */
  boolean isPacked() {
    return segment.packing().isPresent();
  }

  /** {@return the logical page that holds the first row of the batch} */
  IntExpression firstPage() {
    return batch.from(kernel).floorDivide(PAGE_ROWS);
  }

  /** {@return where a logical page is written, named} */
  IntExpression page(IntExpression number) {
    if (isPacked()) {
      return kernel.let(
          "closing_page", kernel.axis("head").times(batch.pages()).plus(number.minus(firstPage())));
    }
    return PagedRows.physical(kernel, shape, segment, table, tableStart(), number);
  }

  /** {@return where the rows lie that the batch's first page has already, named} */
  IntExpression oldPage(IntExpression written) {
    return isPacked() ? PagedRows.open(kernel, shape, segment, table, tableStart()) : written;
  }

  private IntExpression tableStart() {
    return PagedRows.tableStart(kernel, shape, segment);
  }

  /** {@return the page beside a logical page, named} */
  IntExpression norms(IntExpression number) {
    return NormPages.page(kernel, shape, segment, table, number);
  }

  /** Stores tiles of one row each as row {@code row} of a page that is written. */
  void store(String key, String value, IntExpression page, IntExpression row) {
    kernel.store(target.keys(page).fromRow(row, 1), key);
    kernel.store(target.values(page).fromRow(row, 1), value);
  }
}
