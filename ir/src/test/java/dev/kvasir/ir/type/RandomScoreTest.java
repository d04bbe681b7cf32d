package dev.kvasir.ir.type;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RandomScoreTest {

  private static final int WINDOWS = 16_384;

  @ParameterizedTest
  @CsvSource({
    "7, 3, 0, 4183574",
    "7, 3, 1, 1242937",
    "7, 3, 2, 1703729",
    "7, 3, 40000, 11315405",
    "0, 0, 0, 5543494",
    "0, 0, 1, 12459945",
    "0, 0, 32768, 6331693"
  })
  void isTheSameEverywhere(int seed, int salt, int window, int steps) {
    assertThat(RandomScore.of(seed, salt, window)).isEqualTo(steps * 0x1p-24f);
  }

  @Test
  void everyArgumentIsInRange() {
    Random random = new Random(3);
    for (int i = 0; i < 100_000; i++) {
      int seed = random.nextInt();
      int salt = random.nextInt(RandomScore.LARGEST_SALT + 1);
      int window = random.nextInt() & Integer.MAX_VALUE;
      assertThat(RandomScore.of(seed, salt, window))
          .as("seed %d, salt %d, window %d", seed, salt, window)
          .isBetween(0f, 1 - 0x1p-24f);
    }
    assertThatThrownBy(() -> RandomScore.of(1, -1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RandomScore.of(1, 65_536, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RandomScore.of(1, 0, -1)).isInstanceOf(IllegalArgumentException.class);
  }

  private static double[] scores(int seed, int salt) {
    double[] scores = new double[WINDOWS];
    for (int window = 0; window < WINDOWS; window++) {
      scores[window] = RandomScore.of(seed, salt, window);
    }
    return scores;
  }

  /** Correlation of {@code left} with {@code right} moved by {@code lag}. */
  private static double correlation(double[] left, double[] right, int lag) {
    double sum = 0;
    for (int i = 0; i + lag < WINDOWS; i++) {
      sum += (left[i] - 0.5) * (right[i + lag] - 0.5);
    }
    return sum / (WINDOWS - lag) * 12;
  }

  /** Five standard deviations of what independent uniform numbers show. */
  @Test
  void looksUniformAndIndependent() {
    double most = 5 / Math.sqrt(WINDOWS / 2.0);
    for (int seed : new int[] {0, 1, -1, 12_345, Integer.MAX_VALUE}) {
      double[] scores = scores(seed, 0);
      double sum = 0;
      for (double score : scores) {
        sum += score;
      }
      assertThat(sum / WINDOWS).as("mean of seed %d", seed).isBetween(0.488, 0.512);
      for (int lag : new int[] {1, 2, 8, 64, 1024}) {
        assertThat(correlation(scores, scores, lag))
            .as("seed %d, lag %d", seed, lag)
            .isBetween(-most, most);
      }
      for (int other = 1; other < 8; other++) {
        assertThat(correlation(scores, scores(seed, other), 0))
            .as("seed %d, salt %d", seed, other)
            .isBetween(-most, most);
      }
      assertThat(correlation(scores, scores(seed ^ 2, 0), 0))
          .as("seeds %d and %d", seed, seed ^ 2)
          .isBetween(-most, most);
    }
  }
}
