package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {

  private static final int DRAWS = 200_000;
  private static final int NUCLEUS_DRAWS = 50_000;

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

  /** Random rows with ties against the definition, spelt out with a sort and exact sums. */
  @Test
  void drawsFromTheNucleusInProportion() {
    Random rows = new Random(seed);
    for (int row = 0; row < 40; row++) {
      int size = 1 + rows.nextInt(12);
      float[] logits = new float[size];
      for (int i = 0; i < size; i++) {
        // Few values, so that equal ones lie on the border.
        logits[i] = rows.nextInt(5) - 2;
      }
      double temperature = 0.5 + rows.nextDouble();
      double topP = 0.05 + 0.9 * rows.nextDouble();
      double[] expected = nucleus(logits, temperature, topP);
      Sampling sampling = Sampling.greedy().temperature(temperature).topP(topP).seed(seed + row);
      Sampler sampler = new Sampler(sampling);
      int[] counts = new int[size];
      for (int i = 0; i < NUCLEUS_DRAWS; i++) {
        counts[sampler.choose(logits, largest(logits))]++;
      }
      for (int i = 0; i < size; i++) {
        double deviation = Math.sqrt(expected[i] * (1 - expected[i]) / NUCLEUS_DRAWS);
        assertThat((double) counts[i] / NUCLEUS_DRAWS)
            .as(
                "seed %d, row %d, p %f, token %d of %s",
                seed, row, topP, i, Arrays.toString(counts))
            .isCloseTo(expected[i], within(6 * deviation + 1e-12));
      }
    }
  }

  @Test
  void theNucleusHasNoTokenTooManyAndNoneTooFew() {
    // Probabilities 1/2, 1/4, 1/8, 1/8: sums without rounding.
    float ln2 = (float) Math.log(2);
    float[] logits = {0, ln2 * 2, 0, ln2};
    assertThat(drawn(logits, 0.49)).containsExactly(1);
    assertThat(drawn(logits, 0.51)).containsExactly(1, 3);
    assertThat(drawn(logits, 0.76)).containsExactly(0, 1, 3);
    assertThat(drawn(logits, 0.9)).containsExactly(0, 1, 2, 3);
    assertThat(drawn(new float[] {7, 7, 7, 7}, 0.5)).containsExactly(0, 1);
  }

  @Test
  void topPOfOneDrawsAsBeforeAndATinyOneIsGreedy() {
    Random values = new Random(seed);
    Sampling hot = Sampling.greedy().temperature(3).seed(seed);
    Sampler plain = new Sampler(hot);
    Sampler one = new Sampler(hot.topP(1));
    Sampler almostOne = new Sampler(hot.topP(Math.nextDown(1.0)));
    Sampler tiny = new Sampler(hot.topP(Double.MIN_VALUE));
    int[] counts = new int[1000];
    for (int draw = 0; draw < 2000; draw++) {
      float[] logits = new float[counts.length];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = (float) values.nextGaussian();
      }
      int largest = largest(logits);
      assertThat(one.choose(logits, largest)).isEqualTo(plain.choose(logits, largest));
      assertThat(tiny.choose(logits, largest)).as("seed %d", seed).isEqualTo(largest);
      counts[almostOne.choose(logits, largest)]++;
    }
    assertThat(IntStream.of(counts).filter(count -> count > 0).count()).isGreaterThan(700);
  }

  @Test
  void theNucleusSurvivesExtremeLogits() {
    float[] logits = {-1e30f, 3e38f, -3e38f, Float.NEGATIVE_INFINITY};
    Sampler sampler = new Sampler(Sampling.greedy().temperature(0.01).topP(0.999).seed(seed));
    for (int i = 0; i < 100; i++) {
      assertThat(sampler.choose(logits, 1)).isEqualTo(1);
    }
  }

  private List<Integer> drawn(float[] logits, double topP) {
    Sampler sampler = new Sampler(Sampling.greedy().temperature(1).topP(topP).seed(seed));
    return IntStream.range(0, 2000)
        .map(draw -> sampler.choose(logits, largest(logits)))
        .distinct()
        .sorted()
        .boxed()
        .toList();
  }

  private static int largest(float[] logits) {
    int largest = 0;
    for (int i = 1; i < logits.length; i++) {
      largest = logits[i] > logits[largest] ? i : largest;
    }
    return largest;
  }

  /** {@return the probability of each token} */
  private static double[] nucleus(float[] logits, double temperature, double topP) {
    double[] p = new double[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(logits[i] / temperature);
    }
    double sum = DoubleStream.of(p).sum();
    List<Integer> byProbability =
        IntStream.range(0, p.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -logits[i]).thenComparing(i -> i))
            .toList();
    double reached = 0;
    List<Integer> kept = new ArrayList<>();
    for (int token : byProbability) {
      if (reached < topP) {
        kept.add(token);
        reached += p[token] / sum;
      }
    }
    double[] drawn = new double[p.length];
    for (int token : kept) {
      drawn[token] = p[token] / sum / reached;
    }
    return drawn;
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
    for (double value : new double[] {0, -0.1, 1.0000001, Double.NaN}) {
      assertThatThrownBy(() -> Sampling.greedy().topP(value))
          .hasMessageContaining("top-p must be over 0 and at most 1, got " + value);
    }
  }
}
