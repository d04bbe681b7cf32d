package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;

/**
 * The constants of a plan.
 *
 * @param context most true tokens a session may hold
 * @param span most prompt rows that are prefilled at once
 * @param rowsPerSplit cache rows that one work item of decode attention reads; whole pages
 */
public record PlanSizes(int context, int span, int rowsPerSplit) {

  /** Rows of a tile of activations in prefill; activation buffers hold a multiple of it. */
  static final int ROW_TILE = 16;

  /** Checks ranges. */
  public PlanSizes {
    if (context < 1 || span < 1 || span > context) {
      throw new IllegalArgumentException(
          "span must be between 1 and context, got " + span + " of " + context);
    }
    if (rowsPerSplit < 1 || rowsPerSplit % SegmentPart.PAGE_ROWS != 0) {
      throw new IllegalArgumentException(
          "rows per split must be a multiple of "
              + SegmentPart.PAGE_ROWS
              + ", got "
              + rowsPerSplit);
    }
  }

  /** {@return pages that one work item of decode attention reads} */
  int pagesPerSplit() {
    return rowsPerSplit / SegmentPart.PAGE_ROWS;
  }

  /** {@return pages of raw rows per head that a span fills} */
  int spanPages() {
    return Math.ceilDiv(span, SegmentPart.PAGE_ROWS);
  }

  /** {@return activation rows that buffers hold} */
  int paddedSpan() {
    return Math.ceilDiv(span, ROW_TILE) * ROW_TILE;
  }
}
