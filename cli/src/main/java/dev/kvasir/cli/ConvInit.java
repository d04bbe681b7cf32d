package dev.kvasir.cli;

import java.util.Locale;

/** What {@code calibrate conv} can start weights with. */
enum ConvInit {
  RANDOM;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads and lists the words. */
  static final class Converter extends NameConverter<ConvInit> {
    Converter() {
      super(values());
    }
  }
}
