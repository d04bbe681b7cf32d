package dev.kvasir.benchmarks.fusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.benchmarks.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Separate passes compute what fused kernels compute; whatever differs is refused. */
class SeparatePartTest {

  @Test
  void bothSidesAgree() {
    try (SeparatePart part = new SeparatePart(512, 0)) {
      Map<String, Map<String, Double>> figures = part.run();
      assertThat(figures).hasSize(10);
      assertThat(figures.values()).allSatisfy(own -> assertThat(own.get("ratio")).isPositive());
    }
  }

  @Test
  void otherRowsAreRefused() {
    LayerRows rows = new LayerRows(128);
    try (NativeMemory memory = new NativeMemory()) {
      MemorySegment pages = memory.bytes(2L * Short.BYTES * FusedPages.CACHED.elements());
      FusedPages.put(rows, 0, 5, pages, 1, 63);
      FusedPages.require(pages, 1, 63, rows.keys[0], rows.values[0], 5);
      assertThatThrownBy(() -> FusedPages.require(pages, 1, 63, rows.keys[0], rows.values[1], 5))
          .hasMessageStartingWith("row 63 of page 1 differs at channel");
    }
  }

  @Test
  void largestScoresAreThoseOfASort() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      int count = random.nextInt(1, 300);
      float[] numbers = new float[count];
      for (int i = 0; i < count; i++) {
        numbers[i] = random.nextInt(40) * (float) Math.exp(random.nextInt(3) * 20);
      }
      int wanted = random.nextInt(count + 1);
      int[] sorted =
          IntStream.range(0, count)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer i) -> -numbers[i]).thenComparing(i -> i))
              .limit(wanted)
              .mapToInt(Integer::intValue)
              .sorted()
              .toArray();
      assertThat(LargestScores.places(numbers, count, wanted))
          .as("seed %d", seed)
          .isEqualTo(sorted);
    }
  }
}
