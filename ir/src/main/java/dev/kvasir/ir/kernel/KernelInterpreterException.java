package dev.kvasir.ir.kernel;

/**
 * A kernel did something that no target defines: it left a buffer, raced, overflowed or used what
 * nothing wrote. The message names the kernel, the statement, the grid point and the index.
 */
public final class KernelInterpreterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  KernelInterpreterException(String kernel, String point, String statement, String message) {
    super("kernel %s at %s, `%s`: %s".formatted(kernel, point, statement, message));
  }
}
