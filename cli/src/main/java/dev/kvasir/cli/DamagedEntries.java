package dev.kvasir.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.PlanFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Compares every entry of a damaged plan with what its manifest says, where the plan reader stops
 * at the first. Nothing of the content is used, and no more of it is read than the file has bytes.
 */
final class DamagedEntries {
  private static final int CHUNK = 1 << 16;

  private DamagedEntries() {}

  /** {@return an error for each entry; none where the file is no longer a zip with a manifest} */
  static List<PlanException> of(Path file) {
    List<PlanException> errors = new ArrayList<>();
    try (ZipFile zip = new ZipFile(file.toFile())) {
      for (JsonNode record : manifest(zip)) {
        String name = record.path("name").asText();
        problem(zip, name, record)
            .ifPresent(
                problem ->
                    errors.add(
                        new PlanException(
                            Reason.CORRUPT, "%s: %s".formatted(file, name), problem)));
      }
    } catch (IOException e) {
      return List.of();
    }
    return errors;
  }

  private static JsonNode manifest(ZipFile zip) throws IOException {
    ZipEntry entry = zip.getEntry(PlanFormat.MANIFEST);
    if (entry == null || !isStored(entry) || entry.getSize() > PlanFormat.MAX_JSON_BYTES) {
      throw new ZipException("no manifest");
    }
    try (InputStream in = zip.getInputStream(entry)) {
      return new ObjectMapper().readTree(in.readNBytes(PlanFormat.MAX_JSON_BYTES)).path("entries");
    } catch (JsonProcessingException e) {
      throw new ZipException("no manifest");
    }
  }

  private static Optional<String> problem(ZipFile zip, String name, JsonNode record) {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      return Optional.of("expected an entry of that name, got none");
    }
    long bytes = record.path("bytes").asLong();
    if (!isStored(entry) || entry.getSize() != bytes) {
      return Optional.of(
          "expected a stored entry of %d bytes, got %d".formatted(bytes, entry.getSize()));
    }
    String expected = record.path("sha256").asText();
    try (InputStream in = zip.getInputStream(entry)) {
      String actual = sha256(in);
      return actual.equals(expected)
          ? Optional.empty()
          : Optional.of("expected content with SHA-256 %s, got %s".formatted(expected, actual));
    } catch (IOException e) {
      return Optional.of("expected readable content, got " + e.getMessage());
    }
  }

  private static boolean isStored(ZipEntry entry) {
    return entry.getMethod() == ZipEntry.STORED && entry.getSize() == entry.getCompressedSize();
  }

  private static String sha256(InputStream in) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    byte[] chunk = new byte[CHUNK];
    for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
      digest.update(chunk, 0, count);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
