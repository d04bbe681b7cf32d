package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import java.util.OptionalInt;

/** The first rows of the sequence, kept for good (StreamingLLM's attention sinks). */
record SinkPart(CacheSegment segment) implements SegmentPart {

  @Override
  public OptionalInt endPosition() {
    return OptionalInt.of(segment.rows());
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return tokens.minimum(IntExpression.constant(segment.rows()));
  }

  @Override
  public int slots(int context) {
    return Math.ceilDiv(Math.min(context, segment.rows()), PAGE_ROWS);
  }
}
