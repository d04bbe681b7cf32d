package dev.kvasir.codegen.part;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.skeleton.ProgramExpressions;
import dev.kvasir.ir.type.RowBudget;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Budgets as expressions have the values of budgets as numbers. */
class BudgetedRowsTest {

  private static final int CONTEXT = 5_000;

  private static List<RowBudget> budgets() {
    List<RowBudget> budgets = new ArrayList<>();
    for (RowBudget.Amount amount :
        List.of(
            new RowBudget.Rows(96),
            new RowBudget.Rows(1_001),
            new RowBudget.Percent(new BigDecimal("12")),
            new RowBudget.Percent(new BigDecimal("0.37")),
            new RowBudget.Percent(new BigDecimal("100")))) {
      for (int window : new int[] {1, 8}) {
        budgets.add(new RowBudget(amount, 32, window, new RowBudget.Uniform()));
        for (int index : new int[] {0, 3, 6}) {
          budgets.add(new RowBudget(amount, 32, window, new RowBudget.Pyramid(20, index, 7)));
          budgets.add(new RowBudget(amount, 32, window, new RowBudget.Groups(14, index, 7)));
        }
        budgets.add(new RowBudget(amount, 32, window, new RowBudget.Pyramid(2, 0, 1)));
        budgets.add(new RowBudget(amount, 32, window, new RowBudget.Groups(9, 0, 1)));
      }
    }
    return budgets;
  }

  @Test
  void equalNumbersAtEveryLength() {
    CounterIndex counters = CounterIndex.of(List.of("tokens"), List.of());
    for (RowBudget budget : budgets()) {
      CompiledExpression slots =
          ProgramExpressions.of(BudgetedRows.slots(budget, ProgramExpressions.counter("tokens")))
              .compile(counters);
      CompiledExpression windows =
          ProgramExpressions.of(BudgetedRows.windows(budget, ProgramExpressions.counter("tokens")))
              .compile(counters);
      for (int tokens = 0; tokens <= CONTEXT; tokens++) {
        long[] values = {tokens};
        assertThat(slots.evaluate(values))
            .as("slots of %s at %s tokens", budget.text(), tokens)
            .isEqualTo(budget.slots(tokens));
        assertThat(windows.evaluate(values))
            .as("windows of %s at %s tokens", budget.text(), tokens)
            .isEqualTo(budget.windows(tokens));
      }
    }
  }
}
