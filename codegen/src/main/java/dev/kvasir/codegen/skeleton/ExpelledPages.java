package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;

/**
 * Which pages a ring has dropped: always its oldest, in their order. A ring drops a page when
 * another takes its place: a plain one with the first row of a new page, a packed one when a page
 * is coded.
 */
public final class ExpelledPages {

  private ExpelledPages() {}

  /** {@return pages that are gone between two runs, once so many tokens are in the cache} */
  public static IntExpression count(AttentionShape shape, IntExpression tokens) {
    SegmentPart ring = shape.ring();
    return ring.packing().isPresent()
        ? beyondSlots(shape, ring.closedPages(tokens))
        : beyondSlots(shape, ring.rows(tokens).ceilDivide(SegmentPart.PAGE_ROWS));
  }

  /** {@return the end of the pages that the rows of a run push out, the rules after it not yet} */
  static IntExpression endOfRun(AttentionShape shape, IntExpression tokens) {
    SegmentPart ring = shape.ring();
    return ring.packing().isPresent()
        ? beyondSlots(shape, ClosingPages.end(ring, tokens))
        : count(shape, tokens);
  }

  /**
   * {@return pages that are gone when a step attends}
   *
   * @param tokens true tokens with that of the step
   */
  static IntExpression beforeStep(AttentionShape shape, IntExpression tokens) {
    return count(shape, shape.ring().packing().isPresent() ? tokens.minus(1) : tokens);
  }

  /** {@return 1 when the rows of a run push pages out, else 0, over the program's counters} */
  public static IntExpression any(
      AttentionShape shape, IntExpression position, IntExpression tokens) {
    return count(shape, position).less(endOfRun(shape, tokens));
  }

  private static IntExpression beyondSlots(AttentionShape shape, IntExpression pages) {
    return pages.minus(shape.ring().slots(shape.context())).maximum(IntExpression.constant(0));
  }
}
