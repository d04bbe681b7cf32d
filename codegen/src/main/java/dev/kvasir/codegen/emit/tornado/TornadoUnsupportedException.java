package dev.kvasir.codegen.emit.tornado;

/** A kernel that means something but cannot run on the {@code tornado} target. */
public final class TornadoUnsupportedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What the target lacks. */
  public enum Reason {
    /** No buffer holds bf16. */
    FORMAT("KV4101"),
    /** The tiles of a grid point fit local memory. */
    LOCAL_MEMORY("KV4102"),
    /** A task takes a bounded number of arrays. */
    ARGUMENTS("KV4103"),
    /** Array indices are 32-bit. */
    INDEX("KV4104");

    private final String code;

    Reason(String code) {
      this.code = code;
    }

    /** {@return the stable code} */
    public String code() {
      return code;
    }
  }

  private final Reason reason;
  private final String problem;
  private final String wayOut;

  /**
   * Refuses a kernel.
   *
   * @param message what was asked for and what the target has
   * @param wayOut what to do instead
   */
  public TornadoUnsupportedException(Reason reason, String kernel, String message, String wayOut) {
    super(
        "kernel %s for target tornado: error[%s]: %s; %s"
            .formatted(kernel, reason.code(), message, wayOut));
    this.reason = reason;
    this.problem = "kernel %s: %s".formatted(kernel, message);
    this.wayOut = wayOut;
  }

  /** {@return what the target lacks} */
  public Reason reason() {
    return reason;
  }

  /** {@return which kernel asked for what, and what the target has} */
  public String problem() {
    return problem;
  }

  /** {@return what to do instead} */
  public String wayOut() {
    return wayOut;
  }
}
