package dev.kvasir.runtime;

import java.util.List;

/** Releases decoded text as soon as it cannot be the beginning of a stop text any more. */
final class TextStream {

  private final Tokenizer.Decoder decoder;
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private final StringBuilder released = new StringBuilder();
  private boolean stopped;

  TextStream(Tokenizer tokenizer, List<String> stops) {
    if (tokenizer instanceof NoTokenizer && !stops.isEmpty()) {
      throw NoTokenizer.missing();
    }
    decoder = tokenizer.newDecoder();
    this.stops = stops;
  }

  /** Takes a token; a stop text that is complete now ends the text in front of it. */
  void add(int token) {
    take(decoder.append(token));
  }

  /** Takes what the decoder held back: no more tokens follow. */
  void end() {
    take(decoder.finish());
  }

  private void take(String text) {
    if (stopped) {
      return;
    }
    held.append(text);
    int first = Integer.MAX_VALUE;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0) {
        first = Math.min(first, at);
      }
    }
    if (first != Integer.MAX_VALUE) {
      held.setLength(first);
      stopped = true;
    }
  }

  /** {@return whether a stop text appeared} */
  boolean stopped() {
    return stopped;
  }

  /**
   * {@return the text that is certain and was not yet released}
   *
   * @param last whether nothing follows, so that the beginning of a stop text is text
   */
  String release(boolean last) {
    int end = last || stopped ? held.length() : held.length() - possibleStop();
    String text = held.substring(0, end);
    held.delete(0, end);
    released.append(text);
    return text;
  }

  /** {@return everything that was released} */
  String text() {
    return released.toString();
  }

  /** {@return the length of the longest end of the held text that begins a stop text} */
  private int possibleStop() {
    int longest = 0;
    for (String stop : stops) {
      for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
        if (stop.startsWith(held.substring(held.length() - length))) {
          longest = length;
        }
      }
    }
    return longest;
  }
}
