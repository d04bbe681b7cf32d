package dev.kvasir.ir.graph;

import dev.kvasir.ir.diag.SourceSpan;

/** Text that is no graph. The message has the place, the line and carets. */
public final class GraphTextException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient SourceSpan span;
  private final String problem;

  /**
   * Points into a text.
   *
   * @param span what is at fault
   * @param problem one sentence without a full stop
   */
  public GraphTextException(SourceSpan span, String problem) {
    super(span + ": " + problem + "\n" + span.source().excerpt(span.start(), span.end()));
    this.span = span;
    this.problem = problem;
  }

  /** {@return what is at fault} */
  public SourceSpan span() {
    return span;
  }

  /** {@return what is wrong, without the place} */
  public String problem() {
    return problem;
  }
}
