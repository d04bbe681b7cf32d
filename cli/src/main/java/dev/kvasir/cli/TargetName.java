package dev.kvasir.cli;

import java.util.Locale;

/** Targets that the command knows, compiled for or not. */
enum TargetName {
  JVM,
  TORNADO;

  /** {@return the name in options and plans} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the name of a target, and lists these for help and completion. */
  static final class Converter extends NameConverter<TargetName> {
    Converter() {
      super(values());
    }
  }
}
