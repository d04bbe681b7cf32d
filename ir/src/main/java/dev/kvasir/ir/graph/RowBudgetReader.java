package dev.kvasir.ir.graph;

import dev.kvasir.ir.type.RowBudget;
import java.math.BigDecimal;

/** Reads what {@link RowBudget#text} writes behind the word {@code budget}. */
final class RowBudgetReader {
  private final TextReader reader;

  RowBudgetReader(TextReader reader) {
    this.reader = reader;
  }

  RowBudget budget() {
    int start = reader.offset();
    reader.expect("(");
    RowBudget.Amount amount = amount();
    reader.expect(",");
    int observe = named("observe");
    reader.expect(",");
    int window = named("window");
    RowBudget.Shape shape = reader.accept(",") ? shape() : new RowBudget.Uniform();
    reader.expect(")");
    return reader.checked(start, () -> new RowBudget(amount, observe, window, shape));
  }

  private RowBudget.Amount amount() {
    int start = reader.offset();
    if (!reader.peek().matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
      throw reader.unexpected("rows or a percentage");
    }
    String number = reader.next();
    if (reader.accept("%")) {
      return reader.checked(start, () -> new RowBudget.Percent(new BigDecimal(number)));
    }
    return reader.checked(start, () -> new RowBudget.Rows(Integer.parseInt(number)));
  }

  private RowBudget.Shape shape() {
    int start = reader.offset();
    String name = reader.word("pyramid or groups");
    reader.expect("(");
    int beta = named("beta");
    reader.expect(",");
    int index = named("index");
    reader.expect(",");
    int count = named("count");
    reader.expect(")");
    return reader.checked(
        start,
        () ->
            switch (name) {
              case "pyramid" -> new RowBudget.Pyramid(beta, index, count);
              case "groups" -> new RowBudget.Groups(beta, index, count);
              default ->
                  throw new IllegalArgumentException("expected pyramid or groups, got " + name);
            });
  }

  private int named(String name) {
    reader.expect(name);
    reader.expect("=");
    return reader.integer();
  }
}
