package dev.kvasir.benchmarks.fusion;

import dev.kvasir.ir.type.RowBudget;
import java.math.BigDecimal;

/**
 * A selection that is measured, of 12 % of the rows.
 *
 * @param name what tables call it
 * @param window rows that are chosen together
 * @param pool rows whose largest mass is a row's score
 * @param perHead whether each head has its own list
 * @param tokens rows to choose from
 */
record SelectionCase(String name, int window, int pool, boolean perHead, int tokens) {

  private static final BigDecimal PERCENT = new BigDecimal(12);

  /** {@return SnapKV} */
  static SelectionCase snapkv(int tokens) {
    return new SelectionCase("snapkv", 1, 7, true, tokens);
  }

  /** {@return WindowKV} */
  static SelectionCase windowkv(int tokens) {
    return new SelectionCase("windowkv", 8, 1, false, tokens);
  }

  /** {@return how many rows are kept} */
  RowBudget budget() {
    return new RowBudget(
        new RowBudget.Percent(PERCENT), LayerRows.OBSERVE, window, new RowBudget.Uniform());
  }

  /** {@return windows that are chosen} */
  int windows() {
    return budget().windows(tokens);
  }

  /** {@return rows that are kept} */
  int slots() {
    return budget().slots(tokens);
  }
}
