package dev.kvasir.ir.diag;

/**
 * Our mistake: an invariant of the compiler does not hold. Never the answer to bad input, which is
 * a {@link CompileException}.
 */
public final class CompilerBug extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * A broken invariant.
   *
   * @param message what was expected and what was found
   */
  public CompilerBug(String message) {
    super(message);
  }

  /** A broken invariant that showed itself as another exception. */
  public CompilerBug(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * A broken invariant between two steps of the compiler.
   *
   * @param stage the id of the pass or stage after which it broke
   * @param message what was expected and what was found
   * @param text the IR as text, shown below the message
   */
  public CompilerBug(String stage, String message, String text) {
    super("after " + stage + ": " + message + "\n" + text);
  }
}
