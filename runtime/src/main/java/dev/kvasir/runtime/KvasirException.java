package dev.kvasir.runtime;

import org.jspecify.annotations.Nullable;

/** An error of the runtime, with a stable code; the message says what to do about it. */
public class KvasirException extends RuntimeException {

  private final ErrorCode code;
  private final String problem;

  /**
   * @param problem what was expected and what was found, and a way out
   */
  public KvasirException(ErrorCode code, String problem) {
    this(code, problem, null);
  }

  /**
   * @param problem what was expected and what was found, and a way out
   * @param cause what led to it, null for nothing
   */
  public KvasirException(ErrorCode code, String problem, @Nullable Throwable cause) {
    super("error[%s]: %s".formatted(code.text(), problem), cause);
    this.code = code;
    this.problem = problem;
  }

  /** {@return what went wrong} */
  public ErrorCode code() {
    return code;
  }

  /** {@return the message without the code} */
  public String problem() {
    return problem;
  }
}
