package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.ir.type.HeadGroup;
import java.util.Optional;

/**
 * The rows since the last selection, merge or fold, all of them; before the first fold those behind
 * the slots.
 *
 * @param segment a tail
 * @param since the program's mark of the last selection, merge or fold
 * @param ahead whether the mark may exceed the tokens; there are no rows then
 */
record TailPart(CacheSegment segment, String since, boolean ahead) implements SegmentPart {

  /** {@return the tail of a group that has one} */
  static TailPart of(CacheSegment tail, HeadGroup group) {
    return new TailPart(tail, mark(group), group.isFolded());
  }

  /** {@return the program's mark of the last selection, merge or fold of a group with a tail} */
  static String mark(HeadGroup group) {
    int tail = group.segments().getLast().rows();
    if (group.isSelected()) {
      return "selected_" + tail;
    }
    return group.isMerged()
        ? group.merge().mark()
        : Fold.mark(group.segments().getFirst().rows(), tail);
  }

  @Override
  public Optional<String> mark() {
    return Optional.of(since);
  }

  @Override
  public IntExpression origin() {
    return new IntExpression.Dimension(since);
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    IntExpression rows = tokens.minus(origin());
    return ahead ? rows.maximum(IntExpression.constant(0)) : rows;
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
