package dev.kvasir.plans;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes a file whole or not at all: under a temporary name in the same folder, forced to the
 * device, then moved over the old file. Nothing is left behind when writing fails or the process is
 * asked to end meanwhile; a process that is killed leaves its temporary file, a dot, the name and
 * {@code .tmp} at the end, which nothing ever reads.
 */
public final class AtomicFile {

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes everything to {@code channel}, which stays open. */
    void writeTo(FileChannel channel) throws IOException;
  }

  private final Path temporary;
  private boolean ended;

  private AtomicFile(Path temporary) {
    this.temporary = temporary;
  }

  /**
   * Writes {@code content} to {@code file}.
   *
   * @throws IOException when it cannot be written; an older file is unchanged
   */
  public static void write(Path file, Content content) throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    Path name = target.getFileName();
    if (folder == null || name == null || Files.isDirectory(target)) {
      throw new IOException("expected the path of a file, got a folder");
    }
    // Moving a file over a device such as /dev/null would take it from everybody.
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new IOException("expected the path of a file, got something that is none");
    }
    if (!Files.isDirectory(folder)) {
      throw new IOException("expected an existing folder, got none");
    }
    String suffix = ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
    AtomicFile writing = new AtomicFile(folder.resolve("." + name + "." + suffix + ".tmp"));
    Thread endOfProcess = Thread.ofPlatform().unstarted(writing::end);
    Runtime.getRuntime().addShutdownHook(endOfProcess);
    try {
      writing.fill(content);
      Files.move(
          writing.temporary,
          target,
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } finally {
      writing.end();
      removeHook(endOfProcess);
    }
  }

  private void fill(Content content) throws IOException {
    try (FileChannel channel = create()) {
      content.writeTo(channel);
      channel.force(true);
    }
  }

  // Synchronized with end(), so that no file appears after the process was asked to end.
  private synchronized FileChannel create() throws IOException {
    if (ended) {
      throw new IOException("the process ends");
    }
    return FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  }

  private synchronized void end() {
    ended = true;
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The failure that led here is the one to report.
      return;
    }
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process ends already and runs the hook itself.
      return;
    }
  }
}
