package dev.kvasir.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Limits are measured, and percentages are of the one that binds. */
class LimitsTest {
  private static final Offset<Double> EXACT = Offset.offset(1e-9);

  @Test
  void bothLimitsAreFound() {
    try (Team team = new Team(2);
        NativeMemory memory = new NativeMemory();
        Limits own = new Limits(team, List.of(), 4 << 20);
        Limits limits =
            new Limits(
                team, List.of(memory.bytes(3 << 20), memory.bytes((1 << 20) + 64)), 4 << 20)) {
      assertThat(own.bytesPerSecond()).isBetween(1e6, 1e14);
      assertThat(limits.bytesPerSecond()).isBetween(1e6, 1e14);
      assertThat(limits.operationsPerSecond()).isBetween(1e6, 1e14);
    }
  }

  /** Each chain converges to start / (1 - factor), from which the burst is far away. */
  @Test
  void burstsComputeWhatTheySay() {
    double expected = 0;
    double summand = 1e-6;
    for (int chain = 0; chain < 12; chain++) {
      double sum = summand + chain;
      for (int step = 0; step < 1 << 14; step++) {
        sum = sum * 0.999_999f + summand;
      }
      expected += sum;
    }
    int lanes = (int) (FusedMultiplyAdd.operations() / (2 * 12 * (1 << 14)));
    assertThat(FusedMultiplyAdd.burst(1e-6f) / lanes)
        .isCloseTo((float) expected, Offset.offset(0.01f));
  }

  @Test
  void theSlowerLimitBinds() {
    // 2 bytes a nanosecond of 8; 30 operations a nanosecond of 40
    Sample sample = new Sample(100, 200, 3000, 8e9, 40e9, 0);
    assertThat(sample.percentOfReading()).isCloseTo(25, EXACT);
    assertThat(sample.percentOfArithmetic()).isCloseTo(75, EXACT);
    assertThat(sample.percentOfLimit()).isCloseTo(75, EXACT);
    assertThat(sample.readingBinds()).isFalse();
  }

  @Test
  void samplesSurviveTheirFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("samples");
    Files.writeString(file, "[1.5,2.0,3.0,4.0E9,5.0,6.0]\n[7,8,9,10,11,12]\n");
    assertThat(Sample.read(file))
        .containsExactly(new Sample(1.5, 2, 3, 4e9, 5, 6), new Sample(7, 8, 9, 10, 11, 12));
  }
}
