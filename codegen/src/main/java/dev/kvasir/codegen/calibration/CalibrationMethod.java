package dev.kvasir.codegen.calibration;

import java.util.Arrays;
import java.util.Optional;

/** How scores of KV heads came about. */
public enum CalibrationMethod {
  /** Attention onto copies in repeated random tokens (RazorAttention). */
  INDUCTION("induction"),
  /** How far predictions move when the head streams. */
  ABLATION("ablation"),
  /** Taken from a published table. */
  IMPORTED("imported");

  private final String word;

  CalibrationMethod(String word) {
    this.word = word;
  }

  /** {@return the word that files and people use} */
  public String word() {
    return word;
  }

  static Optional<CalibrationMethod> of(String word) {
    return Arrays.stream(values()).filter(method -> method.word.equals(word)).findFirst();
  }
}
