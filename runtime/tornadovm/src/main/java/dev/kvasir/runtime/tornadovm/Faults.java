package dev.kvasir.runtime.tornadovm;

import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What TornadoVM throws, which is any {@link Throwable}, in words. */
final class Faults {

  private static final int LONGEST = 600;

  /**
   * Colours, the severity in front, and what TornadoVM would do next if it were not told not to.
   */
  private static final Pattern DECORATION =
      Pattern.compile(
          "\\u001b\\[[0-9;]*m|\\[(?:ERROR|WARNING)\\] |Deoptimizing to sequential execution\\.?");

  private Faults() {}

  /**
   * {@return what the innermost cause says, on one line without its full stop, or its type when it
   * says nothing}
   */
  static String message(Throwable thrown) {
    Throwable innermost = thrown;
    while (innermost.getCause() != null && innermost.getCause() != innermost) {
      innermost = innermost.getCause();
    }
    String text = innermost.getMessage();
    String said =
        text == null || text.isBlank()
            ? innermost.getClass().getName()
            : DECORATION
                .matcher(text)
                .replaceAll("")
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .collect(Collectors.joining(" "))
                .replaceFirst("\\.$", "");
    return said.length() <= LONGEST ? said : said.substring(0, LONGEST) + "...";
  }
}
