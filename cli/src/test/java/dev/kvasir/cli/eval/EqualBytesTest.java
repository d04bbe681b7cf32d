package dev.kvasir.cli.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How many recent rows fit into given bytes, beside a count of pages by hand. */
final class EqualBytesTest {
  private static final int CONTEXT = 1024;
  private static final int HEADS = 4 * 2;
  private static final int PAGE = 64 * (32 + 32) * 2;

  /** A sink page and the pages of a ring; a table entry for each that it may ever hold. */
  private static long bytes(int recent, int tokens) {
    int ringPages = recent / 64 + 1;
    int held = Math.min((tokens - 4 + 63) / 64, ringPages);
    int slots = Math.min((CONTEXT - 4 + 63) / 64, ringPages);
    return (long) HEADS * (PAGE * (1 + held) + 4 * (1 + slots));
  }

  @Test
  void theLargestThatFitsIsFound() {
    Path folder = Path.of(System.getProperty("kvasir.home", "")).resolve("samples/models/needle");
    long seed = 20261122;
    Random random = new Random(seed);
    try (Model model = Model.open(folder)) {
      EqualBytes search =
          new EqualBytes(
              Baseline.STREAMING, model, CompilerOptions.defaults().withMaxContext(CONTEXT));
      for (int round = 0; round < 200; round++) {
        int tokens = 100 + random.nextInt(CONTEXT - 100);
        long bytes = (long) HEADS * PAGE * (1 + random.nextInt(18)) + random.nextInt(1000);
        EqualBytes.Found found = search.largest(bytes, tokens);
        String about = "seed %s, %s bytes at %s tokens".formatted(seed, bytes, tokens);
        switch (found) {
          case EqualBytes.Found.Rows(int rows) -> {
            assertThat(rows % 64).as(about).isZero();
            assertThat(bytes(rows, tokens)).as(about).isLessThanOrEqualTo(bytes);
            assertThat(bytes(rows + 64, tokens)).as(about).isGreaterThan(bytes);
          }
          case EqualBytes.Found.Nothing(String reason) -> {
            boolean small = bytes(64, tokens) > bytes;
            assertThat(reason).as(about).contains(small ? "as small" : "fit whole");
            assertThat(small || bytes((tokens + 63) / 64 * 64, tokens) <= bytes).as(about).isTrue();
          }
        }
      }
    }
  }

  @Test
  void baselinesAreThereWhenTheirTechniqueIs() {
    assertThat(Baseline.FULL.available()).isTrue();
    assertThat(Baseline.STREAMING.available()).isTrue();
    assertThat(Baseline.STREAMING.policy(192).canonicalText()).contains("recent = 192");
    assertThat(Baseline.RANDOM.policy(96).canonicalText()).contains("budget = 96");
  }
}
