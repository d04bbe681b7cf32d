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
  void refusesWhatDoesNotTurn() {
    assertThatThrownBy(() -> new RopeConfig(1, 4)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RopeConfig(Double.NaN, 4))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RopeConfig(10_000, 3))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
