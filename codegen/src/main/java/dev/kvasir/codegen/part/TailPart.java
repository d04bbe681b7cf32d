package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import java.util.Optional;

/**
 * The rows since the last selection, all of them.
 *
 * @param segment a tail
 */
record TailPart(CacheSegment segment) implements SegmentPart {

  /** {@return the program's mark of the last selection of a tail of that length} */
  static String mark(CacheSegment tail) {
    return "selected_" + tail.rows();
  }

  @Override
  public Optional<String> mark() {
    return Optional.of(mark(segment));
  }

  @Override
  public IntExpression origin() {
    return new IntExpression.Dimension(mark(segment));
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return tokens.minus(origin());
  }

  @Override
  public int slots(int context) {
    return Math.ceilDiv(Math.min(context, segment.rows()), PAGE_ROWS);
  }

  @Override
  public String text() {
    return name() + segment.rows();
  }
}
