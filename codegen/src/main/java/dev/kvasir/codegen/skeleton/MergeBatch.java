package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;

/**
 * What is merged at a time: the rows of two tails and, while a prompt is prefilled, those of the
 * running span behind them. Row r of a batch has true position {@code merged_from + r}.
 *
 * <p>A batch lies in pages of shared rows. Those that only rows of the span fill are read from
 * there; of all others, those that tails reach and the last one, {@link StageMerged} collects the
 * rows first.
 *
 * @param tail most rows of a tail, at least 1
 * @param span most rows of the span, 0 without one
 */
public record MergeBatch(int tail, int span) {

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

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

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
    return pagesOf(most());
  }

  /** {@return pages whose rows are collected first, at most} */
  public int stagedPages() {
    return hasSpan() ? pagesOf(tail) + 1 : pages();
  }

  private static int pagesOf(int rows) {
    return Math.ceilDiv(rows + PAGE_ROWS - 1, PAGE_ROWS);
  }

  /** {@return rows of the batch's first page that were merged before} */
  static IntExpression before(KernelBuilder kernel) {
    return kernel.dim(FROM).modulo(PAGE_ROWS);
  }

  /** {@return pages of the batch that tails reach: the first ones} */
  static IntExpression reached(KernelBuilder kernel) {
    return before(kernel).plus(kernel.dim(TAIL_ROWS)).ceilDivide(PAGE_ROWS);
  }
}
