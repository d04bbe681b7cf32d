package dev.kvasir.runtime;

import java.util.OptionalLong;

/**
 * How a session is opened. Immutable: each method returns a changed copy.
 *
 * @param memoryLimit most bytes that the session may reserve, cache and working memory together;
 *     empty for what the machine and the Java virtual machine leave
 */
public record SessionOptions(OptionalLong memoryLimit) {

  /** Checks ranges. */
  public SessionOptions {
    if (memoryLimit.isPresent() && memoryLimit.getAsLong() < 0) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID,
          "the memory limit must not be negative, got " + memoryLimit.getAsLong());
    }
  }

  /** {@return options with no limit of their own} */
  public static SessionOptions defaults() {
    return new SessionOptions(OptionalLong.empty());
  }

  /** {@return a copy that may reserve {@code bytes} at most} */
  public SessionOptions memoryLimit(long bytes) {
    return new SessionOptions(OptionalLong.of(bytes));
  }
}
