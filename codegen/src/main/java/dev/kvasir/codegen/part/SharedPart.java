package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.Merge;
import java.util.Optional;

/**
 * The directions of all rows up to the last merge, which two layers share; each has norms of its
 * own for them, and some are hidden.
 *
 * @param segment shared rows
 * @param merge how they come about
 */
record SharedPart(CacheSegment segment, Merge merge) implements SegmentPart {

  @Override
  public Optional<String> mark() {
    return Optional.of(merge.mark());
  }

  @Override
  public boolean isAppended() {
    return false;
  }

  @Override
  public boolean hasNorms() {
    return true;
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return new IntExpression.Dimension(merge.mark());
  }

  @Override
  public int slots(int context) {
    return Math.ceilDiv(context, PAGE_ROWS);
  }
}
