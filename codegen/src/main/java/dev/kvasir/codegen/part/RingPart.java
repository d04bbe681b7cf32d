package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import java.util.OptionalInt;

/**
 * The most recent rows after the sink, in pages that are reused whole.
 *
 * @param segment a ring
 * @param sink rows that live in the sink instead
 */
record RingPart(CacheSegment segment, int sink) implements SegmentPart {

  @Override
  public int firstPosition() {
    return sink;
  }

  @Override
  public OptionalInt window() {
    return OptionalInt.of(Math.min(segment.rows(), segment.window().orElse(Integer.MAX_VALUE)));
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return tokens.minus(sink).maximum(IntExpression.constant(0));
  }

  @Override
  public int slots(int context) {
    int all = Math.ceilDiv(Math.max(context - sink, 0), PAGE_ROWS);
    int most =
        packing().isPresent()
            ? Math.ceilDiv(segment.rows() - 1, PAGE_ROWS)
            : Math.ceilDiv(segment.rows(), PAGE_ROWS) + 1;
    return Math.clamp(all, 1, Math.max(1, most));
  }
}
