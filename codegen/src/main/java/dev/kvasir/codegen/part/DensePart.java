package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import java.util.OptionalInt;

/** All rows, as far back as the model's own window. */
record DensePart(CacheSegment segment) implements SegmentPart {

  @Override
  public String name() {
    return segment.name();
  }

  @Override
  public ElementFormat format() {
    return segment.format();
  }

  @Override
  public int firstPosition() {
    return 0;
  }

  @Override
  public OptionalInt endPosition() {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt window() {
    return segment.window();
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return tokens;
  }

  @Override
  public int slots(int context) {
    return Math.ceilDiv(context, PAGE_ROWS);
  }
}
