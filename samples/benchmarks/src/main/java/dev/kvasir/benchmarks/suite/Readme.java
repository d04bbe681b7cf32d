package dev.kvasir.benchmarks.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The table of a run in a page that people write: what stands between two comments. */
final class Readme {
  static final String BEGIN = "<!-- benchmarks: written by the suite, see below -->";
  static final String END = "<!-- end of benchmarks -->";

  private Readme() {}

  /**
   * Replaces the lines between the two comments.
   *
   * @param page the page
   * @param results where the run's own page is, as a link from this one
   * @throws IllegalArgumentException when the page has not got both comments in order
   */
  static void replace(Path page, Report report, String results) throws IOException {
    Files.writeString(page, replaced(Files.readString(page), report, results));
  }

  /** {@return the text of the page with the lines replaced} */
  static String replaced(String text, Report report, String results) {
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException(
          "the page needs a line %s and after it a line %s".formatted(BEGIN, END));
    }
    return text.substring(0, begin + BEGIN.length())
        + "\n"
        + section(report, results)
        + text.substring(end);
  }

  private static String section(Report report, String results) {
    Machine machine = report.machine();
    return Texts.format(
            "%s, %d processors, %d-bit vectors, %s; [all figures](%s).\n\n",
            machine.processor(),
            machine.processors(),
            machine.vectorBits(),
            machine.java(),
            results)
        + Markdown.targets(report)
        + "\n"
        + Markdown.peers(report);
  }
}
