package dev.kvasir.cli;

import dev.kvasir.plans.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Writes bytes as a file. */
final class BytesFile {

  private BytesFile() {}

  /**
   * Writes a file whole or not at all.
   *
   * @throws IOException as {@link AtomicFile#write}
   */
  static void write(Path file, byte[] content) throws IOException {
    AtomicFile.write(
        file,
        channel -> {
          ByteBuffer bytes = ByteBuffer.wrap(content);
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
        });
  }
}
