package dev.kvasir.ir.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RopeConfigTest {
  @Test
  void frequenciesFallFromOneToNearlyOneOverTheta() {
    RopeConfig rope = new RopeConfig(10_000, 4);
    assertThat(rope.pairs()).isEqualTo(2);
    assertThat(rope.frequency(0)).isEqualTo(1);
    assertThat(rope.frequency(1)).isCloseTo(0.01, within(1e-15));
    assertThatThrownBy(() -> rope.frequency(2)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void linearScalingDividesEveryFrequency() {
    RopeConfig rope = new RopeConfig(10_000, 4, new RopeScaling.Linear(4));
    assertThat(rope.frequency(0)).isEqualTo(0.25);
    assertThat(rope.frequency(1)).isCloseTo(0.0025, within(1e-15));
  }

  /** Expected values are those of the published formula in another language. */
  @Test
  void llama3ScalingKeepsShortWavesStretchesLongOnesAndBlendsBetween() {
    RopeConfig rope = new RopeConfig(500_000, 64, new RopeScaling.Llama3(32, 1, 4, 8192));
    double[] expected = new double[32];
    expected[0] = 1.0;
    expected[14] = 0.003211445994752591;
    expected[15] = 0.001290547928209264;
    expected[16] = 0.00042955679655936815;
    expected[17] = 9.70828780262767e-05;
    expected[18] = 1.9461638184831125e-05;
    expected[31] = 9.41830672543491e-08;
    for (int pair : new int[] {0, 14, 15, 16, 17, 18, 31}) {
      assertThat(rope.frequency(pair))
          .as("pair %s", pair)
          .isCloseTo(expected[pair], within(expected[pair] * 1e-13));
    }
  }

  @Test
  void refusesScalingsWithoutAMeaning() {
    assertThatThrownBy(() -> new RopeScaling.Linear(0.5))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RopeScaling.Llama3(8, 0, 4, 8192))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RopeScaling.Llama3(8, 4, 4, 8192))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RopeScaling.Llama3(8, 1, 4, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesWhatDoesNotTurn() {
    assertThatThrownBy(() -> new RopeConfig(1, 4)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RopeConfig(Double.NaN, 4))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RopeConfig(10_000, 3))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
