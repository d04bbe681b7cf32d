package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SamplerTest {

  private static final int DRAWS = 200_000;

  private final long seed = System.nanoTime();

  @Test
  void drawsFromTheSoftmaxAtItsTemperature() {
    float[] logits = {1, -2, 3.5f, 3, 0};
    double temperature = 1.7;
    Sampler sampler = new Sampler(Sampling.greedy().temperature(temperature).seed(seed));
    int[] counts = new int[logits.length];
    for (int i = 0; i < DRAWS; i++) {
      counts[sampler.choose(logits, 2)]++;
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit / temperature);
    }
    for (int i = 0; i < logits.length; i++) {
      double probability = Math.exp(logits[i] / temperature) / sum;
      double deviation = Math.sqrt(probability * (1 - probability) / DRAWS);
      assertThat((double) counts[i] / DRAWS)
          .as("seed %d, token %d", seed, i)
          .isCloseTo(probability, within(6 * deviation));
    }
  }

  @Test
  void survivesExtremeLogits() {
    float[] logits = {-1e30f, 3e38f, -3e38f};
    Sampler sampler = new Sampler(Sampling.greedy().temperature(0.01).seed(seed));
    for (int i = 0; i < 100; i++) {
      assertThat(sampler.choose(logits, 1)).isEqualTo(1);
    }
  }

  @Test
  void greedyTakesTheLargest() {
    assertThat(new Sampler(Sampling.greedy()).choose(new float[] {0, 1}, 1)).isEqualTo(1);
  }

  @Test
  void refusesSettingsOutOfRange() {
    assertThatThrownBy(() -> Sampling.greedy().maxTokens(0))
        .hasMessageContaining("at least 1, got 0");
    assertThatThrownBy(() -> Sampling.greedy().temperature(-1)).hasMessageContaining("got -1.0");
    assertThatThrownBy(() -> Sampling.greedy().temperature(Double.NaN))
        .hasMessageContaining("got NaN");
    assertThatThrownBy(() -> Sampling.greedy().stop("")).hasMessageContaining("stop text");
  }
}
