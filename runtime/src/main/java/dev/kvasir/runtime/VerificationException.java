package dev.kvasir.runtime;

import org.jspecify.annotations.Nullable;

/** A kernel whose results on this machine are not the ones that the plan promises. */
public final class VerificationException extends KvasirException {

  private final String kernel;

  /**
   * @param kernel the kernel's name in the plan
   * @param problem what was expected and what was found
   * @param cause what the kernel threw, null when it returned
   */
  public VerificationException(String kernel, String problem, @Nullable Throwable cause) {
    super(
        ErrorCode.CHECK_FAILED,
        "kernel %s fails its check: %s; compile the plan again, or load it with another vector width"
            .formatted(kernel, problem),
        cause);
    this.kernel = kernel;
  }

  /** {@return the kernel's name in the plan} */
  public String kernel() {
    return kernel;
  }
}
