package dev.kvasir.ir.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeadScoresTest {

  @ParameterizedTest
  @CsvSource({
    "50, 4, 2",
    "50, 5, 3",
    "30, 5, 2",
    "29, 5, 1",
    "10, 4, 0",
    "12.5, 4, 1",
    "12.4, 4, 0",
    "0, 32, 0",
    "100, 32, 32",
    "99, 32, 32",
    "33.333333333333333333, 3, 1",
    "16.7, 3, 1"
  })
  void aShareIsRoundedToTheNearestHalfUp(BigDecimal percent, int of, int expected) {
    assertThat(HeadScores.count(percent, of)).isEqualTo(expected);
  }

  @Test
  void tiesGoToTheLowerLayerThenTheLowerHead() {
    HeadScores scores = scores(3, 2, 1f, 1f, 0f, 1f, -0f, 0f);

    assertThat(scores.topHeads(2)).isEqualTo(heads(0, 0, 0, 1));
    assertThat(scores.topHeads(3)).isEqualTo(heads(0, 0, 0, 1, 1, 1));
    assertThat(scores.topHeads(5)).isEqualTo(heads(0, 0, 0, 1, 1, 0, 1, 1, 2, 0));
    assertThat(scores(2, 1, -0f, 0f).topLayers(1).layers()).containsExactly(0);
    assertThat(HeadScores.equal("none", 4, 3).topLayers(2).layers()).containsExactly(0, 1);
  }

  @Test
  void aLayerCountsByTheMeanOfItsHeads() {
    // One head that stands out, two that are good, one layer of nothing.
    HeadScores scores = scores(3, 2, 0f, 9f, 5f, 5f, 1f, 1f);

    assertThat(scores.ofLayer(0)).isEqualTo(4.5);
    assertThat(scores.topLayers(1).layers()).containsExactly(1);
    assertThat(scores.topHeads(1)).isEqualTo(heads(0, 1));
    assertThat(scores.topLayers(0)).isEqualTo(HeadSet.empty());
    assertThat(scores.topLayers(3).heads()).hasSize(6);
    assertThat(scores.sum(scores.topLayers(2))).isEqualTo(19);
    assertThat(scores.sum()).isEqualTo(21);
  }

  @Test
  void noOtherSetOfAsManyHeadsOrLayersHasMore() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 50; round++) {
      int layers = 1 + random.nextInt(5);
      int kvHeads = 1 + random.nextInt(4);
      List<Float> values = new ArrayList<>();
      for (int i = 0; i < layers * kvHeads; i++) {
        values.add((float) random.nextInt(6) - 2);
      }
      HeadScores scores = new HeadScores("test", layers, kvHeads, values);
      for (int count = 0; count <= values.size(); count++) {
        List<Float> sorted = values.stream().sorted().toList();
        double best =
            sorted.subList(values.size() - count, values.size()).stream()
                .mapToDouble(Float::doubleValue)
                .sum();
        HeadSet top = scores.topHeads(count);
        assertThat(top.heads()).as("seed %s", seed).hasSize(count);
        assertThat(scores.sum(top)).as("seed %s, %s", seed, scores).isEqualTo(best);
      }
      for (int count = 0; count <= layers; count++) {
        HeadSet top = scores.topLayers(count);
        assertThat(top.layers()).as("seed %s", seed).hasSize(count);
        assertThat(scores.sum(top))
            .as("seed %s, %s", seed, scores)
            .isLessThanOrEqualTo(scores.sum(scores.topHeads(count * kvHeads)));
      }
    }
  }

  @Test
  void whatIsNotOneFiniteNumberForEachHeadIsRefused() {
    assertThatThrownBy(() -> scores(2, 2, 1f, 2f, 3f)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> scores(1, 1, Float.NaN)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> scores(0, 1)).isInstanceOf(IllegalArgumentException.class);
  }

  private static HeadScores scores(int layers, int kvHeads, Float... values) {
    return new HeadScores("test", layers, kvHeads, List.of(values));
  }

  private static HeadSet heads(int... pairs) {
    List<KvHead> heads = new ArrayList<>();
    for (int i = 0; i < pairs.length; i += 2) {
      heads.add(new KvHead(pairs[i], pairs[i + 1]));
    }
    return HeadSet.of(heads);
  }
}
