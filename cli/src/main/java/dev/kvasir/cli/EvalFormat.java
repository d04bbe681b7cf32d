package dev.kvasir.cli;

import dev.kvasir.cli.eval.PromptFormat;
import dev.kvasir.plans.Manifest.TokenizerFacts;
import java.util.Locale;

/** How {@code eval} plants keys and asks for them. */
enum EvalFormat {
  AUTO,
  BRACKETED,
  ENGLISH;

  /** {@return the format, chosen by the model's tokenizer where it was not said} */
  PromptFormat of(TokenizerFacts tokenizer) {
    return switch (this) {
      case AUTO ->
          tokenizer.kind().equals(TokenizerFacts.BYTE)
              ? PromptFormat.BRACKETED
              : PromptFormat.ENGLISH;
      case BRACKETED -> PromptFormat.BRACKETED;
      case ENGLISH -> PromptFormat.ENGLISH;
    };
  }

  /** {@return the name on the command line} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the name of a format, and lists these for help and completion. */
  static final class Converter extends NameConverter<EvalFormat> {
    Converter() {
      super(values());
    }
  }
}
