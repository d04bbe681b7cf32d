package dev.kvasir.cli;

import java.util.Locale;

/** How {@code bench} writes its result. */
enum BenchFormat {
  MD,
  CSV,
  JSON;

  /** {@return the name on the command line} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the name of a format, and lists these for help and completion. */
  static final class Converter extends NameConverter<BenchFormat> {
    Converter() {
      super(values());
    }
  }
}
