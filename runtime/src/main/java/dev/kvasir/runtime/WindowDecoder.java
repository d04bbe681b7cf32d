package dev.kvasir.runtime;

import java.util.Arrays;
import java.util.function.Function;

/**
 * Decodes token by token what can only be decoded at once.
 *
 * <p>The text of a few recent tokens is decoded again with each new one, and what is new in it is
 * given out. Replacement characters at its end may be the beginning of a character whose other
 * bytes come with later tokens, and are held back. The window goes on from the tokens that gave out
 * text last, so that a decoder which treats the first token of a text in its own way, as many drop
 * a space there, does so at the beginning alone.
 */
final class WindowDecoder implements Tokenizer.Decoder {

  private static final char REPLACEMENT = '\ufffd';

  /** The first bytes of a character, one less than its four at most. */
  private static final int MAX_INCOMPLETE = 3;

  /** A window that gives out nothing for so long is no character any more, and is cut. */
  private static final int MAX_WINDOW = 64;

  private static final int CUT_WINDOW = 8;

  private final Function<long[], String> decode;
  private final long[] window = new long[MAX_WINDOW];
  private int size;
  // Tokens of the window whose text was given out, and the length of the text of the whole window
  // up to where it was given out.
  private int given;
  private int released;

  /**
   * @param decode gives the text of tokens that begin a text
   */
  WindowDecoder(Function<long[], String> decode) {
    this.decode = decode;
  }

  @Override
  public String append(int token) {
    if (size == MAX_WINDOW) {
      cut();
    }
    window[size] = token;
    size++;
    String text = text();
    return release(text, text.length() - incomplete(text));
  }

  @Override
  public String finish() {
    String text = text();
    String rest = text.substring(Math.min(released, text.length()));
    size = 0;
    given = 0;
    released = 0;
    return rest;
  }

  private String release(String text, int end) {
    if (end <= released) {
      return "";
    }
    String fresh = text.substring(released, end);
    released = end;
    if (end == text.length()) {
      move(given);
      given = size;
    }
    return fresh;
  }

  /** Forgets the first {@code count} tokens of a window whose text was all given out. */
  private void move(int count) {
    System.arraycopy(window, count, window, 0, size - count);
    size -= count;
    released = text().length();
  }

  private void cut() {
    String before = text();
    int held = before.length() - Math.min(released, before.length());
    int count = MAX_WINDOW - CUT_WINDOW;
    System.arraycopy(window, count, window, 0, CUT_WINDOW);
    size = CUT_WINDOW;
    given = 0;
    released = Math.max(0, text().length() - held);
  }

  private String text() {
    return decode.apply(Arrays.copyOf(window, size));
  }

  private static int incomplete(String text) {
    int count = 0;
    while (count < MAX_INCOMPLETE
        && count < text.length()
        && text.charAt(text.length() - 1 - count) == REPLACEMENT) {
      count++;
    }
    return count;
  }
}
