package dev.kvasir.codegen.part;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.RowBudget;

/** A {@link RowBudget} as an expression over the program's counters. */
public final class BudgetedRows {

  private static final IntExpression ZERO = IntExpression.constant(0);

  private BudgetedRows() {}

  /** {@return {@link RowBudget#slots}} */
  public static IntExpression slots(RowBudget budget, IntExpression tokens) {
    IntExpression cap = cap(budget, tokens);
    IntExpression whole =
        cap.minus(budget.observe())
            .floorDivide(budget.window())
            .times(budget.window())
            .plus(budget.observe())
            .minimum(tokens);
    return budget.window() == 1 ? whole : select(tokens.lessOrEqual(cap), tokens, whole);
  }

  /** {@return {@link RowBudget#windows}} */
  public static IntExpression windows(RowBudget budget, IntExpression tokens) {
    return slots(budget, tokens).minus(budget.observe()).maximum(ZERO).ceilDivide(budget.window());
  }

  private static IntExpression cap(RowBudget budget, IntExpression tokens) {
    IntExpression mean =
        switch (budget.amount()) {
          case RowBudget.Rows(int rows) -> IntExpression.constant(rows);
          case RowBudget.Percent share ->
              tokens
                  .times(Math.toIntExact(share.numerator()))
                  .floorDivide(Math.toIntExact(share.denominator()))
                  .maximum(IntExpression.constant(budget.observe() + budget.window()));
        };
    return switch (budget.shape()) {
      case RowBudget.Uniform() -> mean;
      case RowBudget.Pyramid pyramid -> pyramid(pyramid, mean, tokens, budget.observe());
      case RowBudget.Groups groups -> groups(groups, mean, budget.observe());
    };
  }

  private static IntExpression pyramid(
      RowBudget.Pyramid place, IntExpression mean, IntExpression tokens, int observe) {
    if (place.count() == 1) {
      return mean;
    }
    IntExpression chosen = mean.minus(observe);
    IntExpression twice = chosen.times(2);
    IntExpression last = chosen.floorDivide(place.beta());
    IntExpression first = twice.minus(last).minimum(tokens.minus(observe));
    IntExpression step = first.minus(twice.minus(first)).floorDivide(place.count() - 1);
    IntExpression own = first.minus(step.times(place.index())).plus(observe);
    IntExpression flat = tokens.lessOrEqual(mean).maximum(tokens.less(twice));
    return select(flat, mean, own);
  }

  private static IntExpression groups(RowBudget.Groups place, IntExpression mean, int observe) {
    if (place.count() == 1) {
      return mean;
    }
    IntExpression chosen = mean.minus(observe);
    IntExpression last = chosen.times(RowBudget.Groups.FLAT).floorDivide(place.beta());
    if (place.index() == place.count() - 1) {
      return last.plus(observe);
    }
    IntExpression first = chosen.times(2).minus(last);
    IntExpression step = first.minus(last).floorDivide(place.count() - 1);
    return first.minus(step.times(place.index())).plus(observe);
  }

  private static IntExpression select(
      IntExpression condition, IntExpression whenTrue, IntExpression whenFalse) {
    return condition
        .times(whenTrue)
        .plus(IntExpression.constant(1).minus(condition).times(whenFalse));
  }
}
