package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LogitComparisonTest {

  @Test
  void comparesByTheDefinitions() {
    LogitComparison comparison = new LogitComparison();
    // p = (1/2, 1/4, 1/4), q = (1/4, 1/4, 1/2), each up to a constant that softmax takes out.
    float log2 = (float) Math.log(2);
    comparison.add(new float[] {log2, 0, 0}, new float[] {1, 1, 1 + log2});
    comparison.add(new float[] {3, 4, 0}, new float[] {3, 4, 0});

    assertThat(comparison.positions()).isEqualTo(2);
    double divergence = 0.5 * Math.log(2) + 0.25 * Math.log(0.5);
    assertThat(comparison.meanDivergence()).isCloseTo(divergence / 2, within(1e-7));
    double cosine = log2 / (log2 * Math.sqrt(2 + (1 + log2) * (1 + log2)));
    assertThat(comparison.lowestCosine()).isCloseTo(cosine, within(1e-7));
    assertThat(comparison.meanCosine()).isCloseTo((1 + cosine) / 2, within(1e-7));
    assertThat(comparison.agreement()).isEqualTo(0.5);
  }

  @Test
  void aNumberNeverHidesNotANumber() {
    LogitComparison comparison = new LogitComparison();
    comparison.add(new float[] {1, 2}, new float[] {Float.NaN, 2});
    comparison.add(new float[] {1, 2}, new float[] {1, 2});

    assertThat(comparison.lowestCosine()).isNaN();
    assertThat(comparison.meanCosine()).isNaN();
    assertThat(comparison.meanDivergence()).isNaN();
  }

  @Test
  void refusesOtherVocabularies() {
    assertThatThrownBy(() -> new LogitComparison().add(new float[2], new float[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected 2 logits, got 3");
  }
}
