package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.HeadGroup;
import java.util.Optional;

/**
 * The rows since the last selection or merge, all of them.
 *
 * @param segment a tail
 * @param emptied the program's mark of that selection or merge
 */
record TailPart(CacheSegment segment, String emptied) implements SegmentPart {

  /** {@return the program's mark of the last selection or merge of a group with a tail} */
  static String mark(HeadGroup group) {
    return group.isMerged()
        ? group.merge().mark()
        : "selected_" + group.segments().getLast().rows();
  }

  @Override
  public Optional<String> mark() {
    return Optional.of(emptied);
  }

  @Override
  public IntExpression origin() {
    return new IntExpression.Dimension(emptied);
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
