package dev.kvasir.ir.diag;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A named text that a diagnostic can point into. Offsets count UTF-16 units of the text from 0 to
 * its length; lines end at {@code \n}, {@code \r\n} or {@code \r}.
 */
public final class SourceText {
  /** Excerpts of longer lines are cut, so that a hostile file cannot flood a terminal. */
  private static final int MAXIMUM_EXCERPT_COLUMNS = 160;

  /** How much of a cut line stays visible before the place that is pointed at. */
  private static final int LEADING_CONTEXT_COLUMNS = 60;

  private static final String ELLIPSIS = "...";

  private final String name;
  private final String text;
  private final int[] lineStarts;

  /**
   * Names a text.
   *
   * @param name what a diagnostic calls the text, usually the path of its file
   * @param text the whole text
   */
  public SourceText(String name, String text) {
    this.name = name;
    this.text = text;
    this.lineStarts =
        IntStream.concat(
                IntStream.of(0),
                IntStream.range(0, text.length()).filter(this::endsLine).map(offset -> offset + 1))
            .toArray();
  }

  /** What a diagnostic calls this text, usually the path of its file. */
  public String name() {
    return name;
  }

  /** The whole text. */
  public String text() {
    return text;
  }

  /** The length of the text in UTF-16 units; also the largest offset. */
  public int length() {
    return text.length();
  }

  /**
   * The line and column of an offset.
   *
   * @throws IndexOutOfBoundsException if the offset is negative or beyond the length
   */
  public SourcePosition position(int offset) {
    int lineIndex = lineIndex(offset);
    return new SourcePosition(
        lineIndex + 1, text.codePointCount(lineStarts[lineIndex], offset) + 1);
  }

  /** A span of this text from {@code start} (inclusive) to {@code end} (exclusive). */
  public SourceSpan span(int start, int end) {
    return new SourceSpan(this, start, end);
  }

  /**
   * The line in which a range starts and, below it, carets under the part of the range on that line
   * (at least one caret). A long line is cut around the range. No line end after the carets; the
   * empty string if the line is blank.
   *
   * @throws IndexOutOfBoundsException if the range is not within the text
   */
  public String excerpt(int start, int end) {
    if (end < start || end > text.length()) {
      throw new IndexOutOfBoundsException("range " + start + " to " + end + " in " + text.length());
    }
    int lineStart = lineStarts[lineIndex(start)];
    int lineEnd = lineEnd(lineStart);
    if (text.substring(lineStart, lineEnd).isBlank()) {
      return "";
    }
    int shownStart = lineStart;
    int shownEnd = lineEnd;
    if (lineEnd - lineStart > MAXIMUM_EXCERPT_COLUMNS) {
      shownStart = wholeCharacter(Math.max(lineStart, start - LEADING_CONTEXT_COLUMNS));
      shownEnd = wholeCharacter(Math.min(lineEnd, shownStart + MAXIMUM_EXCERPT_COLUMNS));
    }
    StringBuilder source = new StringBuilder();
    StringBuilder carets = new StringBuilder();
    if (shownStart > lineStart) {
      source.append(ELLIPSIS);
      carets.repeat(' ', ELLIPSIS.length());
    }
    source.append(text, shownStart, shownEnd);
    if (shownEnd < lineEnd) {
      source.append(ELLIPSIS);
    }
    // Tabs are kept, so that the carets stand below the same columns whatever a tab's width is.
    text.substring(shownStart, start)
        .codePoints()
        .forEach(character -> carets.append(character == '\t' ? '\t' : ' '));
    int pointedEnd = Math.min(end, shownEnd);
    carets.repeat('^', pointedEnd > start ? text.codePointCount(start, pointedEnd) : 1);
    return source + "\n" + carets;
  }

  /** The name; the text itself may be long. */
  @Override
  public String toString() {
    return name;
  }

  private boolean endsLine(int offset) {
    char character = text.charAt(offset);
    return character == '\n'
        || (character == '\r' && (offset + 1 == text.length() || text.charAt(offset + 1) != '\n'));
  }

  private int lineIndex(int offset) {
    if (offset < 0 || offset > text.length()) {
      throw new IndexOutOfBoundsException("offset " + offset + " in " + text.length());
    }
    int found = Arrays.binarySearch(lineStarts, offset);
    return found >= 0 ? found : -found - 2;
  }

  private int lineEnd(int lineStart) {
    int end = lineStart;
    while (end < text.length() && text.charAt(end) != '\n' && text.charAt(end) != '\r') {
      end++;
    }
    return end;
  }

  private int wholeCharacter(int offset) {
    boolean splitsPair =
        offset > 0
            && offset < text.length()
            && Character.isLowSurrogate(text.charAt(offset))
            && Character.isHighSurrogate(text.charAt(offset - 1));
    return splitsPair ? offset - 1 : offset;
  }
}
