package dev.kvasir.cli;

import java.util.ArrayList;
import java.util.List;

/** A table in Markdown that people can read as it is. */
final class MarkdownTable {

  private MarkdownTable() {}

  /**
   * {@return the lines of a table of which the columns from {@code firstNumber} hold numbers}
   *
   * @param rows of equal length, the headings first
   */
  static List<String> lines(List<List<String>> rows, int firstNumber) {
    int[] widths = Texts.widths(rows);
    int columns = widths.length;
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder("|");
      for (int i = 0; i < columns; i++) {
        String padding = " ".repeat(widths[i] - row.get(i).length());
        String cell = row.get(i);
        line.append(' ').append(i >= firstNumber ? padding + cell : cell + padding).append(" |");
      }
      lines.add(line.toString());
      if (lines.size() == 1) {
        StringBuilder rule = new StringBuilder("|");
        for (int i = 0; i < columns; i++) {
          rule.repeat('-', widths[i] + 1).append(i >= firstNumber ? ":|" : "-|");
        }
        lines.add(rule.toString());
      }
    }
    return lines;
  }
}
