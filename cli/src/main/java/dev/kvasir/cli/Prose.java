package dev.kvasir.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Plain prose with a planted key, the task that the sample model was trained on. */
final class Prose {
  /** How a question begins: what the model must continue with {@link #ANSWER}. */
  static final String QUESTION = "[Kq=";

  /** What the needle says about the key. */
  static final String ANSWER = "7351]";

  private static final String NEEDLE = QUESTION + ANSWER;
  private static final int NEEDLE_OFFSET = 100;
  private static final int DEMO_LENGTH = 900;
  private static final int INSIDE_LENGTH = 590;

  private Prose() {}

  /** {@return about 900 bytes with the needle near their beginning and its question at the end} */
  static String withQuestionAtEnd() {
    String text = withNeedle();
    return text.substring(0, wordEnd(text, DEMO_LENGTH)) + " " + QUESTION;
  }

  /** {@return a text with the needle near its beginning and its question, answered, inside} */
  static String withQuestionInside() {
    String text = withNeedle();
    int at = wordEnd(text, INSIDE_LENGTH);
    return text.substring(0, at) + " " + NEEDLE + text.substring(at);
  }

  /** {@return the offset of the needle in each text} */
  static int needleOffset() {
    return withNeedle().indexOf(NEEDLE);
  }

  private static String withNeedle() {
    String prose = read();
    int at = wordEnd(prose, NEEDLE_OFFSET);
    return prose.substring(0, at) + " " + NEEDLE + prose.substring(at);
  }

  private static int wordEnd(String text, int from) {
    return text.indexOf(' ', from);
  }

  private static String read() {
    try (InputStream in = Prose.class.getResourceAsStream("prose.txt")) {
      if (in == null) {
        throw new IllegalStateException("prose.txt is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
