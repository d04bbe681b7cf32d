package dev.kvasir.cli;

import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The prompt: text, a file of text or token ids, exactly one of them. */
final class PromptOptions {
  private static final String PROMPT = "--prompt";
  private static final String PROMPT_FILE = "--prompt-file";
  private static final String PROMPT_IDS = "--prompt-ids";

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-p", PROMPT},
      paramLabel = "TEXT",
      description = "The prompt.")
  private Optional<String> text = Optional.empty();

  @Option(
      names = PROMPT_FILE,
      paramLabel = "FILE",
      description = "The prompt: all of a file of UTF-8 text, its line ends included.")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = PROMPT_IDS,
      paramLabel = "IDS",
      converter = TokenIds.class,
      description =
          "The prompt as token ids, such as 1,306,505: for models without a tokenizer here.")
  private Optional<int[]> ids = Optional.empty();

  /**
   * {@return the prompt}
   *
   * @throws ParameterException when none or several are given
   * @throws CommandException when the file cannot be read
   */
  Prompt prompt() {
    return switch (given()) {
      case PROMPT -> Prompt.of(notEmpty(PROMPT, text.orElseThrow()));
      case PROMPT_FILE ->
          Prompt.of(
              notEmpty(PROMPT_FILE, TextFile.read(file.orElseThrow(), "prompt", PROMPT_FILE)));
      default -> Prompt.ofTokens(ids.orElseThrow());
    };
  }

  /**
   * {@return the tokens of a prompt at the beginning of a sequence}
   *
   * @throws ParameterException when the model has no tokenizer and the prompt is text
   */
  int[] encode(Prompt prompt, LoadedModel model) {
    try {
      return prompt.encode(model.tokenizer(), true);
    } catch (KvasirException e) {
      if (e.code() == ErrorCode.NO_TOKENIZER) {
        throw new ParameterException(
            spec.commandLine(),
            "The model has no tokenizer: give the prompt as token ids with " + PROMPT_IDS);
      }
      throw e;
    }
  }

  /**
   * {@return whether the prompt is token ids}
   *
   * @throws ParameterException when none or several prompts are given
   */
  boolean isIds() {
    return given().equals(PROMPT_IDS);
  }

  private String notEmpty(String option, String prompt) {
    if (prompt.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "Empty prompt: %s must have at least one character".formatted(option));
    }
    return prompt;
  }

  /** What is on the command line wins over what the environment says. */
  private String given() {
    List<String> present = new ArrayList<>();
    text.ifPresent(value -> present.add(PROMPT));
    file.ifPresent(value -> present.add(PROMPT_FILE));
    ids.ifPresent(value -> present.add(PROMPT_IDS));
    CommandLine command = spec.commandLine();
    if (present.size() > 1) {
      CommandLine.ParseResult parsed = command.getParseResult();
      present.removeIf(option -> !parsed.hasMatchedOption(option));
    }
    if (present.size() == 1) {
      return present.getFirst();
    }
    throw new ParameterException(
        command,
        text.isEmpty() && file.isEmpty() && ids.isEmpty()
            ? "Missing prompt: give one with -p TEXT, --prompt-file FILE or --prompt-ids IDS"
            : "Several prompts: give one of -p TEXT, --prompt-file FILE and --prompt-ids IDS");
  }
}
