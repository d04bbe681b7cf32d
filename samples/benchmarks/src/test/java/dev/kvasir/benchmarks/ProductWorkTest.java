package dev.kvasir.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.type.ElementFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The timed products are products. */
class ProductWorkTest {
  @ParameterizedTest
  @CsvSource({"1, F32, 1", "1, BF16, 2", "1, F16, 1", "32, BF16, 2", "16, F32, 1"})
  void equalsTheDefinition(int rows, ElementFormat format, int threads) {
    try (Team team = new Team(threads);
        ProductWork work = new ProductWork(rows, 96, 256, format, team, 1 << 18)) {
      work.run();
      work.run();
      work.check();
      assertThat(work.operations()).isEqualTo(2.0 * rows * 96 * 256);
      assertThat(work.bytes())
          .isEqualTo(96.0 * 256 * format.bytes() + rows * (96.0 + 256) * Float.BYTES);
    }
  }
}
