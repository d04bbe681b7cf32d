package dev.kvasir.samples.oracle;

/** Rounding decides what happens, and a trace does not show how it did. */
final class UndecidedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  UndecidedException(String message) {
    super(message);
  }
}
