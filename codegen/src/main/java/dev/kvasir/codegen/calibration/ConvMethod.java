package dev.kvasir.codegen.calibration;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How the weights of convolutions came about. */
public enum ConvMethod {
  /** Drawn at random. */
  RANDOM,
  /** Learned from a text. */
  TRAINED;

  /** {@return the word that files and people use} */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<ConvMethod> of(String word) {
    return Arrays.stream(values()).filter(method -> method.word().equals(word)).findFirst();
  }
}
