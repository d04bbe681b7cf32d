package dev.kvasir.ir.graph;

import dev.kvasir.ir.diag.SourceText;

/** Text that is no graph. The message has the place, the line and a caret. */
public final class GraphTextException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String problem;
  private final int line;

  /**
   * Points into a text.
   *
   * @param text the whole text
   * @param start first character at fault
   * @param end behind the last one
   * @param problem one sentence without a full stop
   */
  public GraphTextException(SourceText text, int start, int end, String problem) {
    super(text.span(start, end) + ": " + problem + "\n" + text.excerpt(start, end));
    this.problem = problem;
    this.line = text.position(start).line();
  }

  /** {@return what is wrong, without the place} */
  public String problem() {
    return problem;
  }

  /** {@return the line that is at fault, from 1} */
  public int line() {
    return line;
  }
}
