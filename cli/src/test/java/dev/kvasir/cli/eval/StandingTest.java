package dev.kvasir.cli.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Means over answers and texts, and which of two caches is better. */
final class StandingTest {

  private static Measured measured(int length, int right, int wrong, TextScore... texts) {
    List<Prediction> predictions = new ArrayList<>();
    for (int i = 0; i < right + wrong; i++) {
      predictions.add(
          new Prediction(Suite.NEEDLE, length, 0.5, i, "1]", "1]", i < right, 1000 + i));
    }
    return new Measured(predictions, List.of(texts));
  }

  private static TextScore text(int length, int positions, double perplexity, double divergence) {
    double likelihood = -positions * Math.log(perplexity);
    return new TextScore(length, 0, positions, likelihood, divergence, 0.5, 5000);
  }

  @Test
  void textsCountByTheirPositions() {
    Measured measured = measured(8, 0, 0, text(8, 10, 2, 0.1), text(8, 30, 8, 0.5));

    assertThat(measured.perplexity().orElseThrow())
        .isCloseTo(Math.pow(2, 0.25) * Math.pow(8, 0.75), within(1e-12));
    assertThat(measured.divergence().orElseThrow()).isCloseTo(0.4, within(1e-12));
    assertThat(measured.agreement().orElseThrow()).isCloseTo(0.5, within(1e-12));
    assertThat(measured.positions()).isEqualTo(40);
    assertThat(measured.allocatedBytes(8)).contains(5000L);
    assertThat(measured.allocatedBytes(9)).isEmpty();
    assertThat(measured.exactMatch(Suite.NEEDLE)).isEmpty();
    assertThat(measured(8, 0, 0).perplexity()).isEmpty();
  }

  @Test
  void theMostBytesOfALengthCount() {
    assertThat(measured(8, 1, 2).allocatedBytes(8)).contains(1002L);
  }

  @Test
  void lessIsBetterOfPerplexityAndDivergence() {
    Measured policy = measured(8, 3, 1, text(8, 4, 2.0, 0.2));
    Measured other = measured(8, 2, 2, text(8, 4, 1.5, 0.2));

    Standing standing = Standing.of(policy, other);

    assertThat(standing.better()).containsExactly(new Standing.Pair("needle", 0.75, 0.5));
    assertThat(standing.worse()).extracting(Standing.Pair::measure).containsExactly("perplexity");
    assertThat(standing.equal()).containsExactly(new Standing.Pair("KL divergence", 0.2, 0.2));
  }

  @Test
  void onlyCommonLengthsAreCompared() {
    Measured shorter = measured(8, 4, 0);
    Measured longer = measured(16, 0, 4);
    List<Prediction> both = new ArrayList<>(shorter.predictions());
    both.addAll(longer.predictions());
    Measured policy = new Measured(both, List.of());

    Standing standing = Standing.of(policy, measured(16, 1, 3));

    assertThat(standing.worse()).containsExactly(new Standing.Pair("needle", 0, 0.25));
    assertThat(standing.better()).isEmpty();
  }
}
