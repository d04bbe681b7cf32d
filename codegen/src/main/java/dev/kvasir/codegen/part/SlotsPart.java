package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Slots that folds fill; before the first fold the first rows of the sequence, one after the other.
 *
 * @param segment slots
 * @param folded the program's mark of the last fold, at least the number of slots
 */
record SlotsPart(CacheSegment segment, String folded) implements SegmentPart {

  @Override
  public Optional<String> mark() {
    return Optional.of(folded);
  }

  @Override
  public boolean isChosen() {
    return true;
  }

  /** What a page holds behind the last slot is never seen. */
  @Override
  public OptionalInt endPosition() {
    return OptionalInt.of(segment.rows());
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return tokens
        .minimum(new IntExpression.Dimension(folded))
        .minimum(IntExpression.constant(segment.rows()));
  }

  /** A running span's rows are seen through the tail. */
  @Override
  public IntExpression endSpanPage(IntExpression spanStart, IntExpression pages) {
    return IntExpression.constant(0);
  }

  @Override
  public int slots(int context) {
    return Math.ceilDiv(Math.min(context, segment.rows()), PAGE_ROWS);
  }
}
