package dev.kvasir.plans.program;

/** An expression that is malformed, or has no value for some counters. */
public final class ExpressionException extends RuntimeException {

  private final String message;
  private final String text;
  private final int column;
  private final String problem;

  ExpressionException(String text, int column, String problem) {
    this.message =
        column == 0
            ? "in \"%s\": %s".formatted(shortened(text), problem)
            : "in \"%s\", column %d: %s".formatted(shortened(text), column, problem);
    this.text = text;
    this.column = column;
    this.problem = problem;
  }

  @Override
  public String getMessage() {
    return message;
  }

  /** {@return the whole expression} */
  public String text() {
    return text;
  }

  /** {@return where in the text, from 1; 0 when the problem is a value and not the text} */
  public int column() {
    return column;
  }

  /** {@return the message without the place} */
  public String problem() {
    return problem;
  }

  private static String shortened(String text) {
    int most = 200;
    return text.length() <= most ? text : text.substring(0, most) + "...";
  }
}
