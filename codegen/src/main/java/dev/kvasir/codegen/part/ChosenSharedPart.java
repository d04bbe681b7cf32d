package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import java.util.Optional;

/**
 * The directions of the rows that a selection chose, in ascending position, which two layers share;
 * each has norms of its own for them, and some are hidden.
 *
 * @param segment shared rows with a budget
 * @param selected the program's mark of the last selection
 */
record ChosenSharedPart(CacheSegment segment, String selected) implements SegmentPart {

  @Override
  public String text() {
    return name() + "_chosen";
  }

  @Override
  public Optional<String> mark() {
    return Optional.of(selected);
  }

  @Override
  public boolean isCounted() {
    return true;
  }

  @Override
  public boolean hasNorms() {
    return true;
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return BudgetedRows.slots(
        segment.budget().orElseThrow(), new IntExpression.Dimension(selected));
  }

  @Override
  public int slots(int context) {
    return Math.max(1, Math.ceilDiv(segment.budget().orElseThrow().most(context), PAGE_ROWS));
  }
}
