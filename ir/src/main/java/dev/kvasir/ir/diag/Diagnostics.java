package dev.kvasir.ir.diag;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Collects what one stage finds, so that a user sees all mistakes at once. Not thread-safe; one
 * stage owns one collector.
 */
public final class Diagnostics {
  private final List<Diagnostic> reported = new ArrayList<>();

  /** Adds a diagnostic. */
  public void report(Diagnostic diagnostic) {
    reported.add(diagnostic);
  }

  /** Whether anything reported so far is an error. */
  public boolean hasErrors() {
    return reported.stream().anyMatch(found -> found.severity() == Severity.ERROR);
  }

  /** Everything reported so far: those without a span first, then by place in their text. */
  public List<Diagnostic> list() {
    return reported.stream()
        .sorted(
            Comparator.comparing(
                    (Diagnostic found) -> found.span().map(span -> span.source().name()).orElse(""))
                .thenComparing(found -> found.span().map(SourceSpan::start).orElse(-1)))
        .toList();
  }

  /**
   * Ends a stage.
   *
   * @throws CompileException with everything reported, if any of it is an error
   */
  public void throwIfErrors() {
    if (hasErrors()) {
      throw new CompileException(list());
    }
  }
}
