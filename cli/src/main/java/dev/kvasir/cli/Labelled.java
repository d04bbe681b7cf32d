package dev.kvasir.cli;

import java.io.PrintWriter;
import java.util.List;

/** Writes lines behind a column of labels, a label a group. */
final class Labelled {
  private final PrintWriter out;
  private final int width;

  /**
   * @param width columns of the labels, the space behind them included
   */
  Labelled(PrintWriter out, int width) {
    this.out = out;
    this.width = width;
  }

  /** Writes one line. */
  void line(String label, String text) {
    out.println((label + " ".repeat(Math.max(1, width - label.length())) + text).stripTrailing());
  }

  /** Writes several lines, the label beside the first. */
  void lines(String label, List<String> texts) {
    String next = label;
    for (String text : texts) {
      line(next, text);
      next = "";
    }
  }

  /** {@return columns of the labels} */
  int width() {
    return width;
  }
}
