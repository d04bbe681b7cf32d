package dev.kvasir.ir.graph;

import dev.kvasir.ir.diag.SourceText;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tokens of IR text: words (letters, digits, dots, underscores), numbers and single punctuation
 * characters. Blanks and {@code //} comments separate.
 */
final class TextReader {
  private static final Pattern TOKEN =
      Pattern.compile("-?[0-9][0-9.]*(?:[eE]-?[0-9]+)?(?![A-Za-z0-9_.])|[A-Za-z0-9_.]+|.");

  private final SourceText source;
  private final Matcher matcher;
  private int start;
  private int end;

  TextReader(SourceText source) {
    this.source = source;
    this.matcher = TOKEN.matcher(source.text());
    advance(0);
  }

  /** The next token, without taking it; empty at the end. */
  String peek() {
    return source.text().substring(start, end);
  }

  /** Where the next token starts. */
  int offset() {
    return start;
  }

  /** Takes the next token. */
  String next() {
    String token = peek();
    advance(end);
    return token;
  }

  /** Takes the next token if it is this one. */
  boolean accept(String token) {
    boolean found = peek().equals(token);
    if (found) {
      next();
    }
    return found;
  }

  /** Takes the next token, which must be this one. */
  void expect(String token) {
    if (!accept(token)) {
      throw unexpected("'" + token + "'");
    }
  }

  /** Takes the next token, which must be a name. */
  String word(String meaning) {
    if (!peek().matches("[A-Za-z0-9_.]+")) {
      throw unexpected(meaning);
    }
    return next();
  }

  /** Takes the next token, which must be a whole number. */
  int integer() {
    if (!peek().matches("-?[0-9]{1,9}")) {
      throw unexpected("a whole number");
    }
    return Integer.parseInt(next());
  }

  /** What is wrong with the next token. */
  GraphTextException unexpected(String expected) {
    return new GraphTextException(
        source.span(start, end),
        "expected " + expected + ", got " + (peek().isEmpty() ? "the end" : "'" + peek() + "'"));
  }

  /** Something wrong with what was read from an offset on up to here. */
  GraphTextException problem(int from, String problem) {
    int behind = Math.max(from, start);
    while (behind > from && Character.isWhitespace(source.text().charAt(behind - 1))) {
      behind--;
    }
    return new GraphTextException(source.span(from, behind), problem);
  }

  /** Runs a constructor; what it refuses is a problem of the text read from an offset on. */
  <T> T checked(int from, Supplier<T> constructor) {
    try {
      return constructor.get();
    } catch (IllegalArgumentException refused) {
      throw problem(from, String.valueOf(refused.getMessage()));
    }
  }

  private void advance(int from) {
    start = skipGap(from);
    end = matcher.find(start) ? matcher.end() : start;
  }

  private int skipGap(int from) {
    String text = source.text();
    int place = from;
    while (place < text.length()) {
      if (Character.isWhitespace(text.charAt(place))) {
        place++;
      } else if (text.startsWith("//", place)) {
        int lineEnd = text.indexOf('\n', place);
        place = lineEnd < 0 ? text.length() : lineEnd;
      } else {
        break;
      }
    }
    return place;
  }
}
