package dev.kvasir.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * The entries of a plan file, which can be changed one by one and put together again with sizes and
 * hashes repaired. Immutable. Written against the format's description, not with the code that is
 * tried.
 */
final class PlanArchive {

  static final String MANIFEST = "manifest.json";
  static final String PROGRAM = "program.json";
  static final String MEMORY = "memory.json";
  static final String CHECKS = "checks.safetensors";
  static final String WEIGHTS = "weights.safetensors";

  /** An entry with its checksums, so that those of unchanged entries are computed once. */
  record Entry(String name, byte[] content, String sha256, int crc) {
    static Entry of(String name, byte[] content) {
      return new Entry(name, content, Hashes.sha256(content), Hashes.crc(content));
    }
  }

  private final JsonNode manifest;
  private final SortedMap<String, Entry> entries;

  private PlanArchive(JsonNode manifest, SortedMap<String, Entry> entries) {
    this.manifest = manifest;
    this.entries = entries;
  }

  /** {@return the entries of a sound plan file} */
  static PlanArchive of(byte[] file) {
    SortedMap<String, Entry> entries = new TreeMap<>();
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(file))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        entries.put(entry.getName(), Entry.of(entry.getName(), zip.readAllBytes()));
      }
      Entry manifest = Objects.requireNonNull(entries.remove(MANIFEST), "no manifest");
      return new PlanArchive(Json.read(manifest.content()), entries);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@return the names of all entries but the manifest, ascending} */
  List<String> names() {
    return List.copyOf(entries.keySet());
  }

  /** {@return the content of an entry that exists} */
  byte[] content(String name) {
    return Objects.requireNonNull(entries.get(name), name).content();
  }

  /** {@return a copy of the manifest that may be changed} */
  JsonNode manifest() {
    return manifest.deepCopy();
  }

  /** {@return the same with one entry changed or added} */
  PlanArchive with(String name, byte[] content) {
    SortedMap<String, Entry> changed = new TreeMap<>(entries);
    changed.put(name, Entry.of(name, content));
    return new PlanArchive(manifest, changed);
  }

  /** {@return the same without one entry} */
  PlanArchive without(String name) {
    SortedMap<String, Entry> changed = new TreeMap<>(entries);
    changed.remove(name);
    return new PlanArchive(manifest, changed);
  }

  /** {@return the same with another manifest, whose list of entries is repaired on writing} */
  PlanArchive withManifest(JsonNode other) {
    return new PlanArchive(other, entries);
  }

  /** {@return the entries in the order of the file, the manifest first and repaired} */
  List<Entry> repaired() {
    JsonNode whole = manifest.deepCopy();
    if (whole instanceof ObjectNode fields) {
      ArrayNode records = fields.putArray("entries");
      for (Entry entry : entries.values()) {
        records
            .addObject()
            .put("name", entry.name())
            .put("bytes", entry.content().length)
            .put("sha256", entry.sha256());
      }
    }
    return withManifestBytes(Json.write(whole));
  }

  /** {@return the entries in the order of the file, the manifest as it is given} */
  List<Entry> withManifestBytes(byte[] manifestBytes) {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry(MANIFEST, manifestBytes, "", Hashes.crc(manifestBytes)));
    all.addAll(entries.values());
    return all;
  }

  /** {@return the plan file with sizes and hashes repaired} */
  byte[] toBytes() {
    return ZipWriter.write(repaired());
  }
}
