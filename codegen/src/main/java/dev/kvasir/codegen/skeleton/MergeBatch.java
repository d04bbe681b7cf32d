package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.ElementFormat;

/**
 * What is merged at a time: the rows of two tails and, while a prompt is prefilled, those of the
 * running span behind them. Row r of a batch has true position {@code merged_from + r}.
 *
 * <p>A batch lies in pages of shared rows. Those that only rows of the span fill are read from
 * there; of all others, those that tails reach and the last one, {@link StageMerged} collects the
 * rows first.
 *
 * <p>Or it is the rows that a selection chose, all of which {@link StageChosen} collects. Then row
 * r goes to slot r, wherever it stands; each list has its own number of rows, and retained rows are
 * counted in lists of their own.
 *
 * @param tail most rows of a tail, at least 1; of chosen rows the elements of a list, whole pages
 * @param span most rows of the span, 0 without one
 * @param isChosen whether it is chosen rows
 */
public record MergeBatch(int tail, int span, boolean isChosen) {

  /** Rows whose angles are looked at together. */
  static final int BLOCK = 2 * SegmentPart.PAGE_ROWS;

  /** The dim that says at which position a batch begins: the rows that are merged already. */
  public static final String FROM = "merged_from";

  /** The dim that says at which position a batch ends. */
  public static final String TO = "merged_to";

  /** The dim that says how many rows of the batch are in the tails. */
  public static final String TAIL_ROWS = "tail_rows";

  /** The dim that says how many rows were retained before. */
  public static final String RETAINED_FROM = "retained_from";

  /** The dim that says how many rows will be retained. */
  public static final String RETAINED_TO = "retained_to";

  /** The dim that says how many pages have room for the chosen rows of a head. */
  public static final String CHOSEN_PAGES = "chosen_pages";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** Rows that follow each other. */
  public MergeBatch(int tail, int span) {
    this(tail, span, false);
  }

  /**
   * {@return chosen rows}
   *
   * @param listRoom elements of a list, whole pages
   */
  public static MergeBatch ofChosen(int listRoom) {
    return new MergeBatch(listRoom, 0, true);
  }

  /** {@return whether a span is running} */
  public boolean hasSpan() {
    return span > 0;
  }

  /** {@return most rows of a batch} */
  public int most() {
    return Math.addExact(tail, span);
  }

  /** {@return elements of a list of one head's rows, pages with all their rows: whole blocks} */
  public int room() {
    return Math.ceilDiv(pages() * PAGE_ROWS, BLOCK) * BLOCK;
  }

  /** {@return pages of the shared rows that a batch lies in, at most} */
  public int pages() {
    return isChosen ? tail / PAGE_ROWS : pagesOf(most());
  }

  /** {@return pages whose rows are collected first, at most} */
  public int stagedPages() {
    return hasSpan() ? pagesOf(tail) + 1 : pages();
  }

  private static int pagesOf(int rows) {
    return Math.ceilDiv(rows + PAGE_ROWS - 1, PAGE_ROWS);
  }

  /** Declares what {@link #to} and {@link #retainedTo} read. */
  void declare(KernelBuilder kernel) {
    if (isChosen) {
      kernel.reads("chosen_counts", ElementFormat.I32);
    }
  }

  /** {@return the position or slot at which it begins} */
  IntExpression from(KernelBuilder kernel) {
    return isChosen ? IntExpression.constant(0) : kernel.dim(FROM);
  }

  /** {@return the position or slot at which it ends} */
  IntExpression to(KernelBuilder kernel) {
    return isChosen ? GatherKept.count(kernel) : kernel.dim(TO);
  }

  /** {@return rows of the batch's first page that were merged before} */
  IntExpression before(KernelBuilder kernel) {
    return isChosen ? IntExpression.constant(0) : kernel.dim(FROM).modulo(PAGE_ROWS);
  }

  /** {@return pages of the batch that tails reach: the first ones} */
  IntExpression reached(KernelBuilder kernel) {
    return before(kernel).plus(kernel.dim(TAIL_ROWS)).ceilDivide(PAGE_ROWS);
  }

  /** {@return which of the pages that are collected first has the rows of a point's page} */
  IntExpression staged(KernelBuilder kernel) {
    IntExpression page = kernel.axis("page");
    return isChosen ? page : page.minimum(reached(kernel));
  }

  /** {@return pages of a head whose points say whether they refuse} */
  IntExpression toRefuse(KernelBuilder kernel) {
    return isChosen
        ? kernel.dim(CHOSEN_PAGES)
        : kernel.dim(TO).ceilDivide(PAGE_ROWS).minus(kernel.dim(FROM).floorDivide(PAGE_ROWS));
  }

  /** {@return the first slot of retained rows that is written} */
  IntExpression retainedFrom(KernelBuilder kernel) {
    return isChosen ? IntExpression.constant(0) : kernel.dim(RETAINED_FROM);
  }

  /**
   * {@return the slot behind the last retained row}
   *
   * @param retained their part
   */
  IntExpression retainedTo(KernelBuilder kernel, SegmentPart retained) {
    return isChosen ? PagedRows.count(kernel, retained) : kernel.dim(RETAINED_TO);
  }

  /** {@return the true position of a row, named} */
  IntExpression position(KernelBuilder kernel, IntExpression row) {
    if (!isChosen) {
      return kernel.let("position", from(kernel).plus(row));
    }
    IntExpression list = kernel.axis("head").times(kernel.dim(PagedRows.LIST_STRIDE)).times(tail);
    return kernel.let(
        "position", new IntExpression.BufferElement("chosen_positions", list.plus(row)));
  }
}
