package dev.kvasir.cli.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.runtime.ByteTokenizer;
import dev.kvasir.runtime.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is planted, where, and how long it makes a context. */
final class PassagesTest {
  private static final Tokenizer BYTES = new ByteTokenizer();
  private static final Pattern BRACKETED = Pattern.compile("\\[([A-Za-z]{2})=([0-9]{4})]");
  private static final String TEXT =
      "A king went out. He saw the sea! Was it still? It was. "
          + "The men of the valley slept and the women sang of the hills and of the rain. "
              .repeat(9);

  private static Settings settings(PromptFormat format, int samples, List<Integer> depths) {
    List<Suite> all = List.of(Suite.values());
    return new Settings(all, List.of(200, 400), depths, samples, 3, 7, format, false);
  }

  private static Passages passages(PromptFormat format) {
    return new Passages(settings(format, 2, List.of(0, 50, 100)), TEXT, BYTES);
  }

  private static String text(Passage passage) {
    return BYTES.decode(passage.context().encode(BYTES, true));
  }

  private static String text(Question question) {
    return BYTES.decode(question.prompt().encode(BYTES, false));
  }

  @ParameterizedTest
  @EnumSource(PromptFormat.class)
  void contextQuestionAndAnswerAreAsLongAsWasAsked(PromptFormat format) {
    Passages passages = passages(format);
    for (Suite suite : List.of(Suite.NEEDLE, Suite.PASSKEY, Suite.RECALL)) {
      for (int length : new int[] {377, 1000}) {
        for (int index = 0; index < passages.contexts(suite); index++) {
          Passage passage = passages.passage(suite, length, index);
          int longest =
              passage.questions().stream()
                  .mapToInt(one -> text(one).length() + one.mostTokens())
                  .max()
                  .orElseThrow();
          assertThat(passage.tokens() + longest).as("%s %s", suite, index).isEqualTo(length);
        }
      }
    }
  }

  @Test
  void aNeedleStandsAtItsDepth() {
    Passages passages = passages(PromptFormat.BRACKETED);
    for (int index = 0; index < passages.contexts(Suite.NEEDLE); index++) {
      Passage passage = passages.passage(Suite.NEEDLE, 300, index);
      Question question = passage.questions().getFirst();
      String context = text(passage);
      List<MatchResult> needles = BRACKETED.matcher(context).results().toList();
      assertThat(needles).hasSize(1);
      MatchResult needle = needles.getFirst();
      assertThat(text(question)).isEqualTo("[" + needle.group(1) + "=");
      assertThat(question.key().digits()).isEqualTo(needle.group(2));
      int prose = context.length() - needle.group().length();
      assertThat(needle.start())
          .isEqualTo((int) Math.rint(List.of(0, 50, 100).get(index / 2) / 100.0 * prose));
      // What is left is the text.
      String rest = context.replace(needle.group(), "");
      assertThat(TEXT).contains(rest);
    }
  }

  @Test
  void sentencesStayWhole() {
    Passages passages = passages(PromptFormat.ENGLISH);
    for (int index = 0; index < passages.contexts(Suite.PASSKEY); index++) {
      Passage passage = passages.passage(Suite.PASSKEY, 600, index);
      Question question = passage.questions().getFirst();
      String said =
          " The pass key of the %s is %s."
              .formatted(question.key().name(), question.key().digits());
      String context = text(passage);
      assertThat(context.split(Pattern.quote(" The pass key of the "), -1)).hasSize(4);
      int at = context.indexOf(said);
      assertThat(at).isNotNegative();
      assertThat(context.substring(0, at)).matches("(?s)|.*[.!?]|.*");
      boolean atAnEnd = at == 0 || ".!?".indexOf(context.charAt(at - 1)) >= 0;
      boolean last = context.substring(at).matches("( The pass key of the [a-z ]+ is [0-9]+\\.)+");
      assertThat(atAnEnd || last).as(context).isTrue();
      assertThat(text(question))
          .endsWith("The pass key of the %s is".formatted(question.key().name()));
    }
  }

  @Test
  void recallPlantsAKeyInEvery64TokensAndAsksForAll() {
    Passage passage = passages(PromptFormat.BRACKETED).passage(Suite.RECALL, 640, 1);
    List<MatchResult> needles = BRACKETED.matcher(text(passage)).results().toList();

    assertThat(needles).hasSize(10);
    assertThat(needles.stream().map(each -> each.group(1))).doesNotHaveDuplicates();
    assertThat(passage.questions()).hasSize(10);
    for (int i = 0; i < 10; i++) {
      assertThat(passage.questions().get(i).key().digits()).isEqualTo(needles.get(i).group(2));
      assertThat(passage.questions().get(i).depth()).isBetween(i / 10.0, (i + 1) / 10.0);
    }
  }

  @Test
  void aContextDependsOnItsOwnPlaceAlone() {
    Settings one = settings(PromptFormat.BRACKETED, 2, List.of(0, 50, 100));
    Settings other = settings(PromptFormat.BRACKETED, 5, List.of(50));
    String context = text(new Passages(one, TEXT, BYTES).passage(Suite.NEEDLE, 300, 3));

    assertThat(text(new Passages(other, TEXT, BYTES).passage(Suite.NEEDLE, 300, 1)))
        .isEqualTo(context);
    assertThat(text(new Passages(one, TEXT, BYTES).passage(Suite.NEEDLE, 300, 2)))
        .isNotEqualTo(context);
    assertThat(text(new Passages(one, TEXT, BYTES).passage(Suite.PASSKEY, 300, 3)))
        .isNotEqualTo(context);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void textsArePiecesOfTheTextFromAllOverIt(int samples) {
    Passages passages =
        new Passages(settings(PromptFormat.BRACKETED, samples, List.of(0)), TEXT, BYTES);
    int places = TEXT.length() - 100 + 1;
    for (int index = 0; index < samples; index++) {
      String piece = BYTES.decode(passages.text(100, index));
      assertThat(piece).hasSize(100);
      assertThat(TEXT).contains(piece);
      // The beginning of the text occurs once, so that there the place can be told.
      if (index == 0 && TEXT.indexOf(piece) == TEXT.lastIndexOf(piece)) {
        assertThat(TEXT.indexOf(piece)).isLessThan(Math.ceilDiv(places, samples));
      }
    }
    assertThat(BYTES.decode(passages.text(TEXT.length(), 0))).isEqualTo(TEXT);
    assertThat(passages.textTokens()).isEqualTo(TEXT.length());
  }

  @Test
  void whatIsNeededIsWhatFitsWithOneTokenOfText() {
    Passages passages = passages(PromptFormat.BRACKETED);

    // Needle of 9, question of 4, answer of 5, one token of text.
    assertThat(passages.needed(Suite.NEEDLE, 200)).isEqualTo(19);
    assertThat(passages.needed(Suite.PASSKEY, 200)).isEqualTo(3 * 9 + 4 + 5 + 1);
    assertThat(passages.needed(Suite.RECALL, 640)).isEqualTo(10 * 9 + 4 + 5 + 1);
    assertThat(passages.passage(Suite.NEEDLE, 19, 0).tokens()).isEqualTo(10);
  }

  @Test
  void aTextThatIsTooShortBeginsAgain() {
    Passages passages =
        new Passages(settings(PromptFormat.BRACKETED, 1, List.of(100)), "abcde", BYTES);

    String context = text(passages.passage(Suite.NEEDLE, 50, 0));

    assertThat("abcde".repeat(20)).contains(BRACKETED.matcher(context).replaceAll(""));
    assertThat(context).hasSize(41).endsWith("]");
  }

  @Test
  void whatATokenizerPutsBeforeEveryTextStandsThereOnce() {
    Passages passages =
        new Passages(settings(PromptFormat.BRACKETED, 1, List.of(0)), TEXT, new Marking());
    int[] context = passages.passage(Suite.NEEDLE, 60, 0).context().encode(BYTES, true);
    int[] text = passages.text(50, 0);

    assertThat(context).startsWith(Marking.BEGIN).hasSize(60 - 9);
    assertThat(IntStream.of(context).filter(token -> token == Marking.BEGIN)).hasSize(1);
    assertThat(text).startsWith(Marking.BEGIN).hasSize(50);
    assertThat(passages.textTokens()).isEqualTo(TEXT.length() + 1);
  }

  @Test
  void answersAreJudgedByFormat() {
    PlantedKey key = new PlantedKey("Kq", "0735");

    assertThat(PromptFormat.BRACKETED.matches(key, "0735]")).isTrue();
    assertThat(PromptFormat.BRACKETED.matches(key, "0735")).isFalse();
    assertThat(PromptFormat.BRACKETED.matches(key, " 0735]")).isFalse();
    assertThat(PromptFormat.ENGLISH.matches(key, " \"0735\". It")).isTrue();
    assertThat(PromptFormat.ENGLISH.matches(key, " 07351.")).isFalse();
    assertThat(PromptFormat.ENGLISH.matches(key, " 1 0735.")).isFalse();
    assertThat(PromptFormat.ENGLISH.matches(key, " unknown")).isFalse();
  }

  @Test
  void aContextIsReadWithItsQuestionInOrder() {
    Passage passage = new Passage(new int[] {1, 2, 3}, List.of());

    assertThat(passage.contextWith(new int[] {9, 8}).encode(BYTES, true))
        .containsExactly(1, 2, 3, 9, 8);
  }

  @Test
  void probabilitiesAreThoseOfASoftmax() {
    Random random = new Random(5);
    float[] logits = new float[40];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (100 * random.nextGaussian());
    }
    logits[7] = 3e38f;
    double[] even = new double[4];
    for (int token = 0; token < 4; token++) {
      even[token] = Evaluator.logProbability(new float[] {2, 2, 2, 2}, token);
    }

    assertThat(even).containsOnly(Math.log(0.25));
    assertThat(Evaluator.logProbability(new float[] {0, (float) Math.log(3)}, 1))
        .isCloseTo(Math.log(0.75), within(1e-7));
    assertThat(Evaluator.logProbability(logits, 7)).isZero();
    assertThat(Arrays.stream(even).map(Math::exp).sum()).isCloseTo(1, within(1e-12));
  }

  /** Puts a token before every text. */
  private static final class Marking implements Tokenizer {
    static final int BEGIN = 256;

    @Override
    public int[] encode(String text) {
      return IntStream.concat(IntStream.of(BEGIN), IntStream.of(encodeContinuation(text)))
          .toArray();
    }

    @Override
    public int[] encodeContinuation(String text) {
      byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
      return IntStream.range(0, bytes.length).map(i -> bytes[i]).toArray();
    }

    @Override
    public Decoder newDecoder() {
      return BYTES.newDecoder();
    }
  }
}
