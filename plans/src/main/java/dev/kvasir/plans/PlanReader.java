package dev.kvasir.plans;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Program;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads plan files. A file is data from a stranger: nothing in it is used before its size is
 * bounded, its hash is checked and {@link PlanChecker} has found it consistent.
 */
public final class PlanReader {

  private record Entry(String name, byte[] content) {}

  private interface Step<T> {
    T run() throws PlanException;
  }

  private final String place;
  private final InputStream in;
  private final long fileBytes;
  private final List<ZipLayout.Described> described = new ArrayList<>();

  private PlanReader(String place, InputStream in, long fileBytes) {
    this.place = place;
    this.in = in;
    this.fileBytes = fileBytes;
  }

  /**
   * {@return the plan in {@code file}, checked}
   *
   * @throws PlanException when the file cannot be read, is no plan, is damaged, has another major
   *     version or contradicts itself
   */
  public static Plan read(Path file) throws PlanException {
    String place = file.toString();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      return read(place, in, Files.size(file));
    } catch (PlanException e) {
      throw e;
    } catch (IOException e) {
      throw cannotRead(place, e);
    }
  }

  /**
   * {@return the hash that names the plan in {@code file}: the SHA-256 of its {@code
   * manifest.json}, which has the hashes of all other entries}
   *
   * <p>Only the manifest is read and checked.
   *
   * @throws PlanException as {@link #read} does
   */
  public static String sha256(Path file) throws PlanException {
    String place = file.toString();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      PlanReader reader = new PlanReader(place, in, Files.size(file));
      byte[] manifest = reader.manifest();
      reader.located(() -> ManifestJson.read(manifest));
      return PlanFormat.sha256(manifest);
    } catch (PlanException e) {
      throw e;
    } catch (IOException e) {
      throw cannotRead(place, e);
    }
  }

  /**
   * As {@link #read(Path)}, from the bytes of a file.
   *
   * @param place what errors call it
   */
  public static Plan read(String place, byte[] bytes) throws PlanException {
    try {
      return read(place, new ByteArrayInputStream(bytes), bytes.length);
    } catch (PlanException e) {
      throw e;
    } catch (IOException e) {
      throw cannotRead(place, e);
    }
  }

  private static Plan read(String place, InputStream in, long fileBytes) throws IOException {
    return new PlanReader(place, in, fileBytes).plan();
  }

  private Plan plan() throws IOException {
    byte[] manifestBytes = manifest();
    ManifestJson.Content manifest = located(() -> ManifestJson.read(manifestBytes));
    SortedMap<String, byte[]> files = readOthers(manifest.entries());
    byte[] programBytes = take(files, PlanFormat.PROGRAM);
    byte[] memoryBytes = take(files, PlanFormat.MEMORY);
    boolean newer = manifest.manifest().formatMinor() > PlanFormat.MINOR;
    Program program = located(() -> ProgramJson.read(programBytes, newer));
    MemoryPlan memory = located(() -> MemoryJson.read(memoryBytes, newer));
    Plan plan = new Plan(manifest.manifest(), program, memory, files);
    return located(
        () -> {
          PlanChecker.check(plan);
          return plan;
        });
  }

  /** {@return the content of the first entry, its checksum checked} */
  private byte[] manifest() throws IOException {
    byte[] start = in.readNBytes(ZipLayout.LOCAL_BYTES);
    if (start.length < Integer.BYTES || ZipLayout.signature(start) != ZipLayout.LOCAL_SIGNATURE) {
      throw new PlanException(
          Reason.NOT_A_PLAN, place, "expected a zip file with the entries of a plan");
    }
    Optional<Entry> entry = nextEntry(start);
    String name = entry.map(Entry::name).orElse("none");
    if (entry.isEmpty() || !name.equals(PlanFormat.MANIFEST)) {
      throw new PlanException(
          Reason.NOT_A_PLAN,
          place,
          "expected the first entry %s, got %s".formatted(PlanFormat.MANIFEST, name));
    }
    return entry.get().content();
  }

  private SortedMap<String, byte[]> readOthers(List<EntryRecord> records) throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    for (EntryRecord record : records) {
      Optional<Entry> entry = nextEntry(in.readNBytes(ZipLayout.LOCAL_BYTES));
      String name = entry.map(Entry::name).orElse("none");
      if (entry.isEmpty() || !name.equals(record.name())) {
        throw corrupt(
            place, "expected the manifest's entry %s, got %s".formatted(record.name(), name));
      }
      byte[] content = entry.get().content();
      EntryRecord found = EntryRecord.of(name, content);
      if (!found.equals(record)) {
        throw corrupt(
            place + ": " + name,
            "expected %d bytes with SHA-256 %s, as the manifest says, got %d with %s"
                .formatted(record.bytes(), record.sha256(), found.bytes(), found.sha256()));
      }
      files.put(name, content);
    }
    byte[] directory = ZipLayout.directory(described);
    byte[] rest = in.readNBytes(directory.length + 1);
    if (!Arrays.equals(directory, rest)) {
      throw corrupt(
          place,
          "expected the %d bytes of the zip's directory after the manifest's last entry, got others"
              .formatted(directory.length));
    }
    return files;
  }

  /**
   * Reads the entry that {@code header} begins.
   *
   * @return empty when there is no local header
   */
  private Optional<Entry> nextEntry(byte[] header) throws IOException {
    if (header.length < ZipLayout.LOCAL_BYTES
        || ZipLayout.signature(header) != ZipLayout.LOCAL_SIGNATURE) {
      return Optional.empty();
    }
    long offset = described.isEmpty() ? 0 : described.getLast().end();
    int nameLength = ZipLayout.claimedNameLength(header);
    byte[] nameBytes = in.readNBytes(Math.min(nameLength, PlanFormat.MAX_NAME_LENGTH + 1));
    String name = new String(nameBytes, StandardCharsets.ISO_8859_1);
    if (!PlanFormat.isEntryName(name)) {
      throw corrupt(
          place,
          "expected the name of an entry at byte %d, got \"%s\""
              .formatted(offset + ZipLayout.LOCAL_BYTES, printable(name)));
    }
    String entry = place + ": " + name;
    long size = ZipLayout.claimedSize(header);
    if (size > PlanFormat.limit(name)) {
      throw new PlanException(
          Reason.TOO_LARGE,
          entry,
          "expected at most %d bytes, got %d".formatted(PlanFormat.limit(name), size));
    }
    if (size > fileBytes - offset - ZipLayout.LOCAL_BYTES - nameLength) {
      throw corrupt(entry, "expected %d bytes, got the end of the file".formatted(size));
    }
    byte[] content = in.readNBytes((int) size);
    ZipLayout.Described next = ZipLayout.Described.of(name, content, offset);
    if (next.crc() != ZipLayout.claimedCrc(header)) {
      throw corrupt(entry, "expected content with the zip's checksum, got other content");
    }
    byte[] canonical = ZipLayout.localHeader(next);
    if (!Arrays.equals(header, Arrays.copyOf(canonical, ZipLayout.LOCAL_BYTES))) {
      throw corrupt(entry, "expected a stored zip entry without extras, got another zip header");
    }
    described.add(next);
    return Optional.of(new Entry(name, content));
  }

  private byte[] take(SortedMap<String, byte[]> files, String name) throws PlanException {
    byte[] content = files.remove(name);
    if (content == null) {
      throw corrupt(place, "expected entry %s, got none".formatted(name));
    }
    return content;
  }

  private <T> T located(Step<T> step) throws PlanException {
    try {
      return step.run();
    } catch (PlanException e) {
      throw e.within(place);
    }
  }

  private static PlanException corrupt(String place, String problem) {
    return new PlanException(Reason.CORRUPT, place, problem);
  }

  private static PlanException cannotRead(String place, IOException e) {
    return new PlanException(Reason.CANNOT_READ, place, "the file system refused: " + e, e);
  }

  private static String printable(String name) {
    return name.replaceAll("[^ -~]", "?");
  }
}
