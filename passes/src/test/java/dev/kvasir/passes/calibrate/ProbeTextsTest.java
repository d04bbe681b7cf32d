package dev.kvasir.passes.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.passes.calibrate.PasskeyText.Question;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The texts that are read, and the distance between two readings. */
class ProbeTextsTest {

  @Test
  void aBlockOfRandomTokensStandsFourTimes() {
    int[] text = RepeatedTokens.of(100, 50, 7);

    assertThat(text).hasSize(400).isEqualTo(RepeatedTokens.of(100, 50, 7));
    assertThat(text).isNotEqualTo(RepeatedTokens.of(100, 50, 8));
    for (int repeat = 1; repeat < 4; repeat++) {
      assertThat(Arrays.copyOfRange(text, 100 * repeat, 100 * (repeat + 1)))
          .isEqualTo(Arrays.copyOf(text, 100));
    }
    assertThat(Arrays.stream(text).min().orElseThrow()).isNotNegative();
    assertThat(Arrays.stream(text).max().orElseThrow()).isLessThan(50);
    assertThat(Arrays.stream(text).distinct().count()).isGreaterThan(25);
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 2_048, 9_999, 10_000, 131_072})
  void aBlockIsAQuarterOfTheContextAtMost2500(int context) {
    assertThat(RepeatedTokens.block(context)).isEqualTo(Math.min(2_500, context / 4));
  }

  @ParameterizedTest
  @ValueSource(ints = {256, 1_000, 4_000})
  void keysStandInTheFirstHalfAndAreAskedForAtTheEnd(int length) {
    long seed = System.nanoTime();
    PasskeyText text = PasskeyText.of(length, seed, ProbeTextsTest::bytes);

    assertThat(text)
        .as("seed %s", seed)
        .isEqualTo(PasskeyText.of(length, seed, ProbeTextsTest::bytes));
    assertThat(text.prompt()).hasSizeBetween(length, length + 120);
    assertThat(text.questions()).hasSize(PasskeyText.KEYS);
    Set<List<Integer>> asked = new HashSet<>();
    int last = 0;
    for (Question question : text.questions()) {
      int at = Collections.indexOfSubList(text.prompt(), question.question());
      assertThat(at).as("seed %s", seed).isGreaterThanOrEqualTo(last);
      int answer = at + question.question().size();
      last = answer + question.answer().size();
      assertThat(text.prompt().subList(answer, last)).isEqualTo(question.answer());
      asked.add(question.question());
    }
    assertThat(asked).hasSize(PasskeyText.KEYS);
    assertThat(last).as("seed %s", seed).isLessThan(length / 2 + 120 + 9);
  }

  @Test
  void theDistanceIsTheMeanOfSquares() {
    assertThat(Displacement.meanSquare(new float[] {1, 2, 3}, new float[] {1, 4, 0}))
        .isEqualTo((4.0 + 9.0) / 3);
    assertThat(Displacement.meanSquare(new float[] {5}, new float[] {5})).isZero();
    assertThatThrownBy(() -> Displacement.meanSquare(new float[1], new float[2]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static int[] bytes(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    int[] tokens = new int[bytes.length];
    Arrays.setAll(tokens, at -> bytes[at]);
    return tokens;
  }
}
