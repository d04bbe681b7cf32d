package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.runtime.Prompt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The prompt: from the command line or from a file, exactly one of them. */
final class PromptOptions {
  private static final String PROMPT = "--prompt";
  private static final String PROMPT_FILE = "--prompt-file";

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

  /**
   * {@return the prompt}
   *
   * @throws ParameterException when none or both are given
   * @throws CommandException when the file cannot be read
   */
  Prompt prompt() {
    if (text.isPresent() && (file.isEmpty() || isOnCommandLine(PROMPT, PROMPT_FILE))) {
      return Prompt.of(text.get());
    }
    if (file.isPresent() && (text.isEmpty() || isOnCommandLine(PROMPT_FILE, PROMPT))) {
      return Prompt.of(read(file.get()));
    }
    CommandLine command = spec.commandLine();
    throw new ParameterException(
        command,
        text.isEmpty()
            ? "Missing prompt: give one with -p TEXT or --prompt-file FILE"
            : "Two prompts: give either -p TEXT or --prompt-file FILE");
  }

  /** What is on the command line wins over what the environment says. */
  private boolean isOnCommandLine(String option, String other) {
    CommandLine.ParseResult parsed = spec.commandLine().getParseResult();
    return parsed.hasMatchedOption(option) && !parsed.hasMatchedOption(other);
  }

  private static String read(Path file) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new CommandException(
          Kind.PROMPT_UNREADABLE,
          file.toString(),
          "expected text in UTF-8, got other bytes",
          "convert the file");
    } catch (IOException e) {
      throw new CommandException(
          Kind.PROMPT_UNREADABLE,
          file.toString(),
          "the prompt cannot be read: " + e,
          "name a readable file with --prompt-file");
    }
  }
}
