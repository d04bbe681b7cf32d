package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.Merge;

/**
 * The originals of some of the rows up to the last merge, in ascending position.
 *
 * @param segment retained rows
 * @param merge how many there are
 */
record RetainedPart(CacheSegment segment, Merge merge) implements SegmentPart {

  @Override
  public boolean isAppended() {
    return false;
  }

  @Override
  public boolean isSized() {
    return true;
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return retained(merge, new IntExpression.Dimension(merge.mark()));
  }

  @Override
  public int slots(int context) {
    return Math.max(1, Math.ceilDiv(merge.retained(context), PAGE_ROWS));
  }

  /** {@return {@link Merge#retained} over the program's counters, which have room for it} */
  static IntExpression retained(Merge merge, IntExpression rows) {
    IntExpression product = rows.times(Math.toIntExact(merge.retainNumerator()));
    return product.ceilDivide(Math.toIntExact(merge.retainDenominator()));
  }
}
