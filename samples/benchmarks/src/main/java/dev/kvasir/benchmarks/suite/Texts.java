package dev.kvasir.benchmarks.suite;

import java.util.List;
import java.util.Locale;

/** Figures and tables in Markdown. */
public final class Texts {

  private Texts() {}

  /** {@return the pattern filled in, the same in every country} */
  public static String format(String pattern, Object... arguments) {
    return String.format(Locale.ROOT, pattern, arguments);
  }

  /** {@return a time with three digits and the unit that suits it} */
  public static String time(double nanos) {
    if (nanos < 1e3) {
      return digits(nanos) + " ns";
    }
    if (nanos < 1e6) {
      return digits(nanos / 1e3) + " µs";
    }
    return nanos < 1e9 ? digits(nanos / 1e6) + " ms" : digits(nanos / 1e9) + " s";
  }

  private static String digits(double number) {
    return format(number < 10 ? "%.2f" : number < 100 ? "%.1f" : "%.0f", number);
  }

  /** {@return {@code 81 % (79 to 82)}} */
  public static String percent(Statistics percents) {
    return format(
        "%.0f %% (%.0f to %.0f)", percents.median(), percents.minimum(), percents.maximum());
  }

  /** {@return a table with its rule} */
  public static String table(List<String> head, List<List<String>> rows) {
    StringBuilder table = new StringBuilder(line(head));
    table.append("|---".repeat(head.size())).append("|\n");
    rows.forEach(row -> table.append(line(row)));
    return table.toString();
  }

  private static String line(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }
}
