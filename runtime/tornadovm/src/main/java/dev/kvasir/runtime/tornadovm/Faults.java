package dev.kvasir.runtime.tornadovm;

/** What TornadoVM throws, which is any {@link Throwable}, in words. */
final class Faults {

  private static final int LONGEST = 600;

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
            : text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList().toString();
    return said.length() <= LONGEST ? said : said.substring(0, LONGEST) + "...";
  }
}
