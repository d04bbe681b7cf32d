package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;

/**
 * What is merged at a time: the rows of two tails and, while a prompt is prefilled, those of the
 * running span behind them. Row r of a batch has true position {@code merged_from + r}.
 *
 * @param span whether a span is running
 * @param most most rows of a batch, at least 1
 */
public record MergeBatch(boolean span, int most) {

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

  /** {@return elements of a list of one head's rows: whole blocks} */
  public int room() {
    return Math.ceilDiv(most, BLOCK) * BLOCK;
  }

  /** {@return pages of the shared rows that a batch lies in, at most} */
  public int pages() {
    return Math.ceilDiv(most + SegmentPart.PAGE_ROWS - 1, SegmentPart.PAGE_ROWS);
  }
}
