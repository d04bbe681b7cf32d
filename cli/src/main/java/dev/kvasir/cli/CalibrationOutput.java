package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The file that a calibration is written to.
 *
 * @param file what was asked for
 */
record CalibrationOutput(Path file) {

  /** Writes a file. */
  @FunctionalInterface
  interface Writer {
    void write(Path file) throws IOException;
  }

  /** Says that it cannot be written before the work and not after it. */
  void requireWritable() {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder) || Files.isDirectory(file)) {
      throw notWritable("expected the path of a file in an existing folder");
    }
  }

  void write(Writer writer) {
    try {
      writer.write(file);
    } catch (IOException e) {
      throw notWritable(String.valueOf(e.getMessage()));
    }
  }

  private CommandException notWritable(String problem) {
    return new CommandException(
        Kind.OUTPUT_NOT_WRITABLE,
        file.toString(),
        "the calibration cannot be written: " + problem,
        "choose another path with -o");
  }
}
