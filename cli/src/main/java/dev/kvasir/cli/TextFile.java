package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file of text that an option names. */
final class TextFile {

  private TextFile() {}

  /**
   * {@return all of a file of UTF-8 text, its line ends included}
   *
   * @param what what the text is, for errors
   * @param option the option that names the file
   * @throws CommandException when it cannot be read
   */
  static String read(Path file, String what, String option) {
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
          "the %s cannot be read: %s".formatted(what, Failures.readable(e)),
          "name a readable file with " + option);
    }
  }
}
