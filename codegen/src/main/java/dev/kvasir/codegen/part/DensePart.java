package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;

/** All rows, as far back as the model's own window. */
record DensePart(CacheSegment segment) implements SegmentPart {

  @Override
  public IntExpression rows(IntExpression tokens) {
    return tokens;
  }

  @Override
  public int slots(int context) {
    return Math.ceilDiv(context, PAGE_ROWS);
  }
}
