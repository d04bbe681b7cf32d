package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.RowBudget;

/**
 * The originals of some of the rows that a selection chose, in ascending position.
 *
 * @param segment retained rows
 * @param merge how many of the chosen rows there are
 * @param budget how many rows are chosen at most
 * @param selected the program's mark of the last selection
 */
record ChosenRetainedPart(CacheSegment segment, Merge merge, RowBudget budget, String selected)
    implements SegmentPart {

  @Override
  public String text() {
    return name() + "_chosen";
  }

  @Override
  public boolean isCounted() {
    return true;
  }

  @Override
  public boolean isAmongKept() {
    return true;
  }

  @Override
  public IntExpression rows(IntExpression tokens) {
    return RetainedPart.retained(
        merge, BudgetedRows.slots(budget, new IntExpression.Dimension(selected)));
  }

  @Override
  public int slots(int context) {
    return Math.max(1, Math.ceilDiv(merge.retained(budget.most(context)), PAGE_ROWS));
  }
}
