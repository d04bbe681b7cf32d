package dev.kvasir.cli;

import java.util.Locale;

/** What prompts can be said to ask for, in plans that leave it to them. */
enum TaskName {
  AUTO,
  LOCALIZATION,
  AGGREGATION;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads and lists the words. */
  static final class Converter extends NameConverter<TaskName> {
    Converter() {
      super(values());
    }
  }
}
