package dev.kvasir.plans.program;

/**
 * All integers from {@code min} to {@code max}, both included.
 *
 * @param min smallest value
 * @param max largest value, at least {@code min}
 */
public record Range(long min, long max) {

  /** Refuses an empty range. */
  public Range {
    if (min > max) {
      throw new IllegalArgumentException("empty range %d..%d".formatted(min, max));
    }
  }

  /** {@return the range that holds {@code value} alone} */
  public static Range of(long value) {
    return new Range(value, value);
  }

  /** {@return whether every value of {@code other} is in this range} */
  public boolean contains(Range other) {
    return min <= other.min && other.max <= max;
  }

  @Override
  public String toString() {
    return min == max ? Long.toString(min) : min + ".." + max;
  }
}
