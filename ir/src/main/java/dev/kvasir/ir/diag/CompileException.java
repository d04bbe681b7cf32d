package dev.kvasir.ir.diag;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The user's mistake: a policy, a model or an option that cannot be compiled. Carries every
 * diagnostic of the stage that stopped; the message is their rendered text.
 */
public final class CompileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<Diagnostic> diagnostics;

  /**
   * Stops a stage.
   *
   * @param diagnostics what was found, at least one error among it
   */
  public CompileException(List<Diagnostic> diagnostics) {
    super(diagnostics.stream().map(Diagnostic::render).collect(Collectors.joining("\n")));
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
}
