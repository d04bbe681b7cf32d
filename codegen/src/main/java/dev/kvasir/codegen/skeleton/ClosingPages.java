package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;

/**
 * Which pages of a packed segment a prefill closes: those that fill up before its last row, a ring
 * only those that are still visible afterwards. A page that the last row fills is closed by a rule
 * instead, as in a step.
 */
public final class ClosingPages {

  private ClosingPages() {}

  /** {@return the first page to close} */
  static IntExpression first(
      SegmentPart segment, AttentionShape shape, IntExpression position, IntExpression tokens) {
    return segment
        .closedPages(position)
        .maximum(end(segment, tokens).minus(segment.slots(shape.context())));
  }

  /** {@return the page after the last to close; at most {@link #first} where none closes} */
  static IntExpression end(SegmentPart segment, IntExpression tokens) {
    return segment.rows(tokens).minus(1).floorDivide(SegmentPart.PAGE_ROWS);
  }

  /** {@return how many pages close, over the program's counters} */
  public static IntExpression count(
      SegmentPart segment, AttentionShape shape, IntExpression position, IntExpression tokens) {
    return end(segment, tokens)
        .minus(first(segment, shape, position, tokens))
        .maximum(IntExpression.constant(0));
  }

  /**
   * {@return most pages that one prefill closes}
   *
   * @param spanPages pages of a whole span, rounded up
   */
  public static int most(SegmentPart segment, AttentionShape shape, int spanPages) {
    return Math.min(spanPages, segment.slots(shape.context()));
  }
}
