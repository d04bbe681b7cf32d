package dev.kvasir.samples;

import dev.kvasir.cli.eval.Evaluation;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/**
 * Prose with a planted key, the task that the sample model was trained on: somewhere in the text
 * stands {@code [Kq=7351]}, and its end, {@code [Kq=}, asks for the digits.
 *
 * @param text ASCII, so that a character is a byte is a token
 * @param answer what must follow, {@code 7351]}
 */
record NeedlePrompt(String text, String answer) {
  private static final int NEEDLE = "[Kq=7351]".length();
  private static final int QUESTION = "[Kq=".length();
  private static final String PROSE = read();

  /**
   * {@return a prompt of {@code length} characters}
   *
   * @param random chooses the piece of prose, key and digits
   * @param distance characters from the beginning of the needle to the end of the prompt, at least
   *     13 and at most {@code length}
   */
  static NeedlePrompt of(Random random, int length, int distance) {
    int prose = length - NEEDLE - QUESTION;
    int start = random.nextInt(PROSE.length() - prose + 1);
    String piece = PROSE.substring(start, start + prose);
    String key = "[" + letter(random) + letter(random) + "=";
    String answer = "%04d]".formatted(random.nextInt(10_000));
    int at = length - distance;
    return new NeedlePrompt(
        piece.substring(0, at) + key + answer + piece.substring(at) + key, answer);
  }

  /** {@return {@code count} prompts with needles anywhere, depths spread evenly} */
  static List<NeedlePrompt> spread(Random random, int length, int count) {
    int nearest = NEEDLE + QUESTION;
    List<NeedlePrompt> prompts = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      int places = length - nearest + 1;
      int from = index * places / count;
      int to = (index + 1) * places / count;
      prompts.add(of(random, length, nearest + from + random.nextInt(to - from)));
    }
    return prompts;
  }

  private static char letter(Random random) {
    int index = random.nextInt(52);
    return (char) (index < 26 ? 'A' + index : 'a' + index - 26);
  }

  private static String read() {
    try (InputStream input =
        Objects.requireNonNull(Evaluation.class.getResourceAsStream("prose.txt"))) {
      return new String(input.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
