package dev.kvasir.runtime.tornadovm;

import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What TornadoVM throws, which is any {@link Throwable}, in words. */
final class Faults {

  private static final int LONGEST = 600;

  /** Colours, and the severity that TornadoVM writes in front. */
  private static final Pattern DECORATION =
      Pattern.compile("\\u001b\\[[0-9;]*m|\\[(?:ERROR|WARNING)\\] ");

  private Faults() {}

  /** {@return what the innermost cause says, on one line, or its type when it says nothing} */
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
                .collect(Collectors.joining(" "));
    return said.length() <= LONGEST ? said : said.substring(0, LONGEST) + "...";
  }
}
