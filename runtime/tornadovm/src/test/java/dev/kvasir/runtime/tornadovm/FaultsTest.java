package dev.kvasir.runtime.tornadovm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class FaultsTest {

  @Test
  void theInnermostCauseSpeaks() {
    Throwable cause =
        new IllegalStateException(
            "\u001b[31m[ERROR] No platforms found.\u001b[0m\n\n Deoptimizing to sequential"
                + " execution.");

    assertThat(Faults.message(new ExceptionInInitializerError(new RuntimeException("x", cause))))
        .isEqualTo("No platforms found");
  }

  @Test
  void whatSaysNothingIsNamed() {
    assertThat(Faults.message(new NullPointerException("")))
        .isEqualTo("java.lang.NullPointerException");
    assertThat(Faults.message(new StackOverflowError())).isEqualTo("java.lang.StackOverflowError");
  }

  @Test
  void longTextsAreCut() {
    assertThat(Faults.message(new RuntimeException("word ".repeat(1_000))))
        .hasSizeBetween(600, 610)
        .endsWith("...");
  }
}
