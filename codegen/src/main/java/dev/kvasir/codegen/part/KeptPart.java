package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.RowBudget;
import java.util.Optional;

/**
 * Rows that a selection chose, in ascending position.
 *
 * @param segment chosen rows
 * @param selected the program's mark of the last selection
 */
record KeptPart(CacheSegment segment, String selected) implements SegmentPart {

  @Override
  public Optional<String> mark() {
    return Optional.of(selected);
  }

  @Override
  public boolean isCounted() {
    return true;
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return BudgetedRows.slots(budget(), new IntExpression.Dimension(selected));
  }

  /** A running span's rows are in the tail until they are chosen. */
  @Override
  public IntExpression endSpanPage(IntExpression spanStart, IntExpression pages) {
    return IntExpression.constant(0);
  }

  @Override
  public int slots(int context) {
    return Math.max(1, Math.ceilDiv(budget().most(context), PAGE_ROWS));
  }

  private RowBudget budget() {
    return segment.budget().orElseThrow();
  }
}
