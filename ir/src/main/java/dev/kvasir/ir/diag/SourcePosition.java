package dev.kvasir.ir.diag;

/**
 * A place in a text as people count it.
 *
 * @param line the line, from 1
 * @param column the column, from 1, counted in Unicode code points; a tab is one column
 */
public record SourcePosition(int line, int column) {
  /** Refuses positions before the start of a text. */
  public SourcePosition {
    if (line < 1 || column < 1) {
      throw new IllegalArgumentException(
          "line and column count from 1, got " + line + ":" + column);
    }
  }

  /** The form {@code line:column}. */
  @Override
  public String toString() {
    return line + ":" + column;
  }
}
