package dev.kvasir.plans;

import dev.kvasir.plans.PlanException.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Writes plan files; equal plans give equal bytes. The package documentation has the format. */
public final class PlanWriter {

  private PlanWriter() {}

  /**
   * Writes {@code plan} to {@code file}: under a temporary name, forced to the device, then moved
   * into place.
   *
   * @throws PlanException {@link Reason#CANNOT_WRITE} when the file cannot be written (an older
   *     file is unchanged) and {@link Reason#TOO_LARGE} when the plan is beyond a limit of the
   *     format
   */
  public static void write(Plan plan, Path file) throws PlanException {
    SortedMap<String, byte[]> entries = entries(plan);
    checkLimits(file.toString(), entries);
    try {
      AtomicFile.write(file, channel -> write(entries, channel));
    } catch (IOException e) {
      throw new PlanException(Reason.CANNOT_WRITE, file.toString(), reason(e), e);
    }
  }

  /** {@return the bytes of the plan's file} */
  static byte[] toBytes(Plan plan) {
    return toBytes(entries(plan));
  }

  /** {@return the bytes of a file with these entries} */
  static byte[] toBytes(SortedMap<String, byte[]> entries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (WritableByteChannel channel = Channels.newChannel(bytes)) {
      write(entries, channel);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** {@return all entries of the plan's file in order} */
  static SortedMap<String, byte[]> entries(Plan plan) {
    SortedMap<String, byte[]> entries = new TreeMap<>(PlanFormat.ORDER);
    entries.put(PlanFormat.PROGRAM, ProgramJson.write(plan.program()));
    entries.put(PlanFormat.MEMORY, MemoryJson.write(plan.memory()));
    for (Map.Entry<String, byte[]> file : plan.files().entrySet()) {
      String name = file.getKey();
      if (!PlanFormat.isEntryName(name)
          || name.equals(PlanFormat.MANIFEST)
          || entries.putIfAbsent(name, file.getValue()) != null) {
        throw new IllegalArgumentException("no name for an entry of a plan: " + name);
      }
    }
    List<EntryRecord> records = new ArrayList<>();
    entries.forEach((name, content) -> records.add(EntryRecord.of(name, content)));
    entries.put(PlanFormat.MANIFEST, ManifestJson.write(plan.manifest(), records));
    return entries;
  }

  private static void checkLimits(String place, SortedMap<String, byte[]> entries)
      throws PlanException {
    if (entries.size() > PlanFormat.MAX_ENTRIES) {
      throw new PlanException(
          Reason.TOO_LARGE,
          place,
          "expected at most %d entries, got %d".formatted(PlanFormat.MAX_ENTRIES, entries.size()));
    }
    long total = 0;
    for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
      int limit = PlanFormat.limit(entry.getKey());
      if (entry.getValue().length > limit) {
        throw new PlanException(
            Reason.TOO_LARGE,
            place + ": " + entry.getKey(),
            "expected at most %d bytes, got %d".formatted(limit, entry.getValue().length));
      }
      // A name is stored twice, with less than 100 bytes of headers.
      total += entry.getValue().length + 2L * entry.getKey().length() + 100;
    }
    if (total > PlanFormat.MAX_BYTES) {
      throw new PlanException(
          Reason.TOO_LARGE,
          place,
          "expected at most %d bytes, got %d".formatted(PlanFormat.MAX_BYTES, total));
    }
  }

  private static void write(SortedMap<String, byte[]> entries, WritableByteChannel channel)
      throws IOException {
    List<ZipLayout.Described> described = new ArrayList<>();
    long offset = 0;
    for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
      ZipLayout.Described next = ZipLayout.Described.of(entry.getKey(), entry.getValue(), offset);
      writeFully(channel, ZipLayout.localHeader(next));
      writeFully(channel, entry.getValue());
      described.add(next);
      offset = next.end();
    }
    writeFully(channel, ZipLayout.directory(described));
  }

  private static void writeFully(WritableByteChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static String reason(IOException e) {
    String message = e.getMessage();
    return e instanceof FileSystemException || message == null
        ? "the file system refused: " + e
        : message;
  }
}
