package dev.kvasir.runtime;

/** A kernel that threw; the cause is what it threw. */
public final class KernelException extends KvasirException {

  private final String kernel;
  private final String label;

  /**
   * @param kernel the kernel's name in the plan
   * @param label what the launch does
   */
  public KernelException(String kernel, String label, Throwable cause) {
    super(
        ErrorCode.KERNEL_FAILED,
        "kernel %s failed in launch \"%s\": %s".formatted(kernel, label, cause),
        cause);
    this.kernel = kernel;
    this.label = label;
  }

  /** {@return the kernel's name in the plan} */
  public String kernel() {
    return kernel;
  }

  /** {@return what the launch does} */
  public String label() {
    return label;
  }
}
