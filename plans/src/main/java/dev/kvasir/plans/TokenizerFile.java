package dev.kvasir.plans;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The {@code tokenizer.json} of a model directory, read whole.
 *
 * @param path where it lies
 * @param bytes its content
 * @param sha256 hash of the content, 64 lower-case hexadecimal digits
 */
public record TokenizerFile(Path path, byte[] bytes, String sha256) {
  /** The file's name. */
  public static final String NAME = "tokenizer.json";

  /** The largest one that is read, many times that of any published model. */
  public static final int MAX_BYTES = 256 << 20;

  /**
   * {@return the file in {@code directory}, empty when there is none}
   *
   * @throws IOException when it cannot be read or has more than {@link #MAX_BYTES}
   */
  public static Optional<TokenizerFile> find(Path directory) throws IOException {
    Path path = directory.resolve(NAME);
    if (!Files.exists(path)) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IOException("%s: expected at most %d bytes, got more".formatted(path, MAX_BYTES));
      }
      return Optional.of(new TokenizerFile(path, bytes, PlanFormat.sha256(bytes)));
    }
  }
}
