package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class SpreadTest {

  @Test
  void theMedianIsTheMiddleOrTheMeanOfTwo() {
    assertThat(Spread.of(List.of(7.0))).isEqualTo(new Spread(7, 7, 7));
    assertThat(Spread.of(List.of(9.0, 1.0, 4.0))).isEqualTo(new Spread(4, 1, 9));
    assertThat(Spread.of(List.of(9.0, 1.0, 4.0, 3.0))).isEqualTo(new Spread(3.5, 1, 9));
  }

  @Test
  void ratesTurnTheOrderRound() {
    assertThat(Spread.of(List.of(2.0, 4.0, 5.0)).under(20)).isEqualTo(new Spread(5, 4, 10));
  }

  @Test
  void theDistanceIsRelativeToTheMedian() {
    assertThat(Spread.of(List.of(2.0, 4.0, 5.0)).relative()).isEqualTo(0.75);
    assertThat(Spread.of(List.of(0.0)).relative()).isZero();
  }
}
