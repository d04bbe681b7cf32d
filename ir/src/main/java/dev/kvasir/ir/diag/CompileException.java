package dev.kvasir.ir.diag;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The user's mistake: a policy, a model or an option that cannot be compiled. Carries every
 * diagnostic of the stage that stopped; the message is their rendered text, cut after 100 of them.
 */
public final class CompileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Nobody reads more, and a hostile input must not become a message without end. */
  private static final int MAXIMUM_RENDERED = 100;

  private final transient List<Diagnostic> diagnostics;

  /**
   * Stops a stage.
   *
   * @param diagnostics what was found, at least one error among it
   */
  public CompileException(List<Diagnostic> diagnostics) {
    super(render(diagnostics));
    if (diagnostics.stream().noneMatch(found -> found.severity() == Severity.ERROR)) {
      throw new CompilerBug("a compilation stopped without an error");
    }
    this.diagnostics = List.copyOf(diagnostics);
  }

  /** Stops a stage at its first error. */
  public CompileException(Diagnostic diagnostic) {
    this(List.of(diagnostic));
  }

  /** Everything the stage found, warnings included. */
  public List<Diagnostic> diagnostics() {
    return diagnostics;
  }

  private static String render(List<Diagnostic> diagnostics) {
    String text =
        diagnostics.stream()
            .limit(MAXIMUM_RENDERED)
            .map(Diagnostic::render)
            .collect(Collectors.joining("\n"));
    int rest = diagnostics.size() - MAXIMUM_RENDERED;
    return rest > 0 ? text + "\nand " + rest + " more" : text;
  }
}
