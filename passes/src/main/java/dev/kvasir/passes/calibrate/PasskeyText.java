package dev.kvasir.passes.calibrate;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A text with keys such as {@code [Kq=7351]} planted in its first half, and questions for them at
 * its end, {@code [Kq=}, each with its answer.
 *
 * @param prompt tokens up to the first question
 * @param questions in the order in which they stand behind the prompt
 */
public record PasskeyText(List<Integer> prompt, List<Question> questions) {
  /** How many keys there are. */
  public static final int KEYS = 8;

  private static final int LETTERS = 26;
  private static final List<String> FILLER =
      List.of(
          "And the people of the valley went up unto the city with their flocks. ",
          "The elders stood in the gate, and the keeper of the house came forth to meet them. ",
          "Let the men sit down under the tree, and let a little water be fetched. ",
          "And he set bread before them, and honey, and the milk of goats. ",
          "Now there was in that land a wise man, and no man remembered his words. ",
          "The rivers were dried up before the sun, and the famine was sore. ",
          "Then the king commanded that the book should be brought and read. ",
          "They lifted up their voices and wept, for the day was far spent. ",
          "Go your way, eat the fat, and drink the sweet, and send portions to the poor. ",
          "So they rose up early in the morning and returned every man unto his own house. ",
          "And the ships came from the east with gold and with cedar wood. ",
          "The shepherd counted his sheep at evening, and one was not found. ");

  /**
   * A question and its answer.
   *
   * @param question tokens that ask
   * @param answer tokens that must follow
   */
  public record Question(List<Integer> question, List<Integer> answer) {
    /** Copies the lists. */
    public Question {
      question = List.copyOf(question);
      answer = List.copyOf(answer);
    }
  }

  /** Copies the lists. */
  public PasskeyText {
    prompt = List.copyOf(prompt);
    questions = List.copyOf(questions);
  }

  /**
   * {@return a text}
   *
   * @param length tokens of the prompt; where it is too short for the keys, the prompt is longer
   * @param seed chooses sentences, keys and answers
   * @param encode the tokens of a piece of text that continues a sequence
   */
  public static PasskeyText of(int length, long seed, Function<String, int[]> encode) {
    Random random = new Random(seed);
    List<Question> planted = new ArrayList<>();
    for (String name : names(random)) {
      planted.add(
          new Question(
              tokens(encode, "[" + name + "="),
              tokens(encode, "%04d] ".formatted(random.nextInt(10_000)))));
    }
    List<Integer> prompt = new ArrayList<>();
    for (int key = 0; key < KEYS; key++) {
      fill(prompt, (2 * key + 1) * length / (4 * KEYS), random, encode);
      prompt.addAll(planted.get(key).question());
      prompt.addAll(planted.get(key).answer());
    }
    fill(prompt, length, random, encode);
    return new PasskeyText(prompt, planted);
  }

  private static void fill(
      List<Integer> text, int length, Random random, Function<String, int[]> encode) {
    while (text.size() < length) {
      text.addAll(tokens(encode, FILLER.get(random.nextInt(FILLER.size()))));
    }
  }

  private static Set<String> names(Random random) {
    Set<String> names = new LinkedHashSet<>();
    while (names.size() < KEYS) {
      names.add(
          String.valueOf((char) ('A' + random.nextInt(LETTERS)))
              + (char) ('a' + random.nextInt(LETTERS)));
    }
    return names;
  }

  private static List<Integer> tokens(Function<String, int[]> encode, String text) {
    return IntStream.of(encode.apply(text)).boxed().toList();
  }
}
