package dev.kvasir.ir.diag;

/**
 * A range of a text that something was written in.
 *
 * @param source the text
 * @param start the first offset of the range
 * @param end the offset after the range; equal to {@code start} for a place between characters
 */
public record SourceSpan(SourceText source, int start, int end) {
  /** Refuses ranges outside the text. */
  public SourceSpan {
    if (start < 0 || end < start || end > source.length()) {
      throw new IllegalArgumentException(
          "span " + start + " to " + end + " is not within " + source.length() + " characters");
    }
  }

  /** The line and column where the range starts. */
  public SourcePosition position() {
    return source.position(start);
  }

  /** The text of the range. */
  public String text() {
    return source.text().substring(start, end);
  }

  /** The smallest range that holds this range and a later one of the same text. */
  public SourceSpan to(SourceSpan last) {
    return new SourceSpan(source, start, last.end);
  }

  /** The form {@code name:line:column} that tools and terminals recognise as a place. */
  @Override
  public String toString() {
    return source.name() + ":" + position();
  }
}
