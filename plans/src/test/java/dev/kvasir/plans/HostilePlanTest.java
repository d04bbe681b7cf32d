package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.testing.SamplePlan;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostilePlanTest {

  private static final int LOCAL_SIZE_AT = 22;

  private final SortedMap<String, byte[]> entries = PlanWriter.entries(SamplePlan.plan());

  @Test
  void otherFilesAreNoPlans() throws IOException {
    assertRefused(new byte[0], Reason.NOT_A_PLAN, "expected a zip file");
    assertRefused(
        "{\"format\": 1}".getBytes(StandardCharsets.UTF_8),
        Reason.NOT_A_PLAN,
        "expected a zip file");
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(zip)) {
      out.setMethod(ZipOutputStream.STORED);
      ZipEntry entry = new ZipEntry("META-INF");
      entry.setSize(0);
      entry.setCrc(0);
      out.putNextEntry(entry);
    }
    assertThatThrownBy(() -> PlanReader.read("x.kvplan", zip.toByteArray()))
        .isInstanceOf(PlanException.class);
    SortedMap<String, byte[]> other = new TreeMap<>(Map.of("a.txt", new byte[3]));
    assertRefused(
        PlanWriter.toBytes(other),
        Reason.NOT_A_PLAN,
        "expected the first entry manifest.json, got a.txt");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../evil",
        "/etc/evil",
        "a/../evil",
        "a\\evil",
        "C:evil",
        "a//evil",
        "a/",
        ".evil",
        "a/.",
        "",
      })
  void namesThatLeadElsewhereAreRefused(String name) {
    // In the zip, where the manifest names another entry.
    SortedMap<String, byte[]> renamed = new TreeMap<>(PlanFormat.ORDER);
    renamed.put(PlanFormat.MANIFEST, entry(PlanFormat.MANIFEST));
    renamed.put(name, new byte[1]);
    assertRefused(PlanWriter.toBytes(renamed), Reason.CORRUPT, "expected the name of an entry");
    // In the manifest.
    String listed = name.replace("\\", "\\\\");
    replaceInManifest("\"checks.safetensors\"", "\"" + listed + "\"");
    assertRefused(
        PlanWriter.toBytes(entries), Reason.MALFORMED, "expected a name of letters, digits");
  }

  @Test
  void aNameTwiceIsRefused() {
    replaceInManifest("\"graph.kvir\"", "\"checks.safetensors\"");
    assertRefused(
        PlanWriter.toBytes(entries), Reason.MALFORMED, "expected a name after checks.safetensors");
  }

  @Test
  void aMissingEntryIsRefused() {
    entries.remove("graph.kvir");
    assertRefused(
        PlanWriter.toBytes(entries),
        Reason.CORRUPT,
        "expected the manifest's entry graph.kvir, got kernels/jvm/128/attend.class");
  }

  @Test
  void anEntryThatTheManifestDoesNotListIsRefused() {
    entries.put("zzz", new byte[] {1});
    assertRefused(PlanWriter.toBytes(entries), Reason.CORRUPT, "expected the");
  }

  @ParameterizedTest
  @ValueSource(strings = {"program.json", "memory.json", "checks.safetensors", "graph.kvir"})
  void otherContentIsRefused(String name) {
    byte[] content = entry(name).clone();
    content[content.length / 2] ^= 1;
    entries.put(name, content);
    assertRefused(
        PlanWriter.toBytes(entries), Reason.CORRUPT, "x.kvplan: " + name + ": error[KV6002]");
  }

  @Test
  void aPlanWithoutProgramIsRefused() {
    byte[] program = entry(PlanFormat.PROGRAM);
    entries.remove(PlanFormat.PROGRAM);
    String record =
        ",\\s*\\{\\s*\"name\" : \"program.json\",\\s*\"bytes\" : %d,\\s*\"sha256\" : \"%s\"\\s*\\}"
            .formatted(program.length, PlanFormat.sha256(program));
    String manifest = manifest().replaceFirst(record, "");
    entries.put(PlanFormat.MANIFEST, manifest.getBytes(StandardCharsets.UTF_8));
    assertRefused(
        PlanWriter.toBytes(entries), Reason.CORRUPT, "expected entry program.json, got none");
  }

  @Test
  void aClaimedSizeIsNotAllocated() {
    byte[] bytes = PlanWriter.toBytes(entries);
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(LOCAL_SIZE_AT, PlanFormat.MAX_JSON_BYTES);
    assertRefused(bytes, Reason.CORRUPT, "got the end of the file");
    header.putInt(LOCAL_SIZE_AT, -1);
    assertRefused(bytes, Reason.TOO_LARGE, "expected at most 16777216 bytes, got 4294967295");
  }

  @Test
  void compressedEntriesAreRefused() throws IOException {
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(zip)) {
      out.putNextEntry(new ZipEntry(PlanFormat.MANIFEST));
      out.write(new byte[1 << 24]);
    }
    assertRefused(zip.toByteArray(), Reason.CORRUPT, "manifest.json");
  }

  @ParameterizedTest
  @CsvSource({"0, 7, TOO_OLD", "2, 0, TOO_NEW", "2147483647, 0, TOO_NEW"})
  void otherMajorVersionsAreRefused(int major, int minor, Reason reason) {
    // What else the manifest of another version has is nothing this version can judge.
    String manifest = "{\"format\": {\"major\": %d, \"minor\": %d}}".formatted(major, minor);
    entries.put(PlanFormat.MANIFEST, manifest.getBytes(StandardCharsets.UTF_8));
    assertRefused(
        PlanWriter.toBytes(entries),
        reason,
        "expected format version 1, got %d.%d".formatted(major, minor));
  }

  @Test
  void unknownFieldsOfANewerMinorVersionAreTolerated() throws IOException {
    replaceInManifest("\"context\" :", "\"colour\" : [ 1 ],\n  \"context\" :");
    assertRefused(PlanWriter.toBytes(entries), Reason.MALFORMED, "expected no field \"colour\"");
    replaceInManifest("\"minor\" : 0", "\"minor\" : 1");
    PlanReader.read("x.kvplan", PlanWriter.toBytes(entries));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"context\" : 200, | | manifest.json: error[KV6006]: expected a field \"context\", got none",
        "\"context\" : 200 | \"context\" : \"200\" | context: error[KV6006]: expected a 32-bit integer, got \"200\"",
        "\"context\" : 200 | \"context\" : 200.0 | context: error[KV6006]: expected a 32-bit integer, got 200.0",
        "\"context\" : 200 | \"context\" : 99999999999 | context: error[KV6006]: expected a 32-bit integer",
        "\"context\" : 200 | \"context\" : null | context: error[KV6006]: expected a 32-bit integer, got null",
        "\"context\" : 200 | \"context\" : 200, \"context\" : 200 | expected JSON, got Duplicate field 'context'",
        "\"target\" : \"jvm\" | \"target\" : 1 | manifest.json: target: error[KV6006]: expected a text, got 1",
        "\"target\" : \"jvm\" | \"target\" : \"cpu\" | target: error[KV6006]: expected jvm or tornado, got cpu",
        "\"softmax_scale\" : 0.35 | \"softmax_scale\" : NaN0.35 | expected JSON",
        "\"softmax_scale\" : 0.35 | \"softmax_scale\" : 1e999, \"x\" : 0.35 | softmax_scale: error[KV6006]: expected a finite number",
        "\"page_rows\" : 64 | \"page_rows\" : 32 | page_rows: error[KV6006]: expected 64 to 64, got 32",
        "\"rows-per-split\" : 256 | \"rows-per-split\" : 0 | tiles: rows-per-split: error[KV6006]: expected 1 to 268435456, got 0",
        "\"rows-per-split\" : 256 | \"rows-per-split\" : \"256\" | tiles: rows-per-split: error[KV6006]: expected a 32-bit integer",
        "\"rows-per-split\" : 256 | \"Rows\" : 256 | manifest.json: tiles: error[KV6006]: expected names of up to 40 lower-case letters",
        "\"end_tokens\" : [ 0 ] | \"end_tokens\" : 0 | end_tokens: error[KV6006]: expected a list, got 0",
        "\"end_tokens\" : [ 0 ] | \"end_tokens\" : [ 32 ] | end_tokens: error[KV6006]: expected 0 to 31, got 32",
        "\"path_hint\" : \".. | \"path_hint\" : \"/.. | path_hint: error[KV6006]: expected a relative path",
        "\"fingerprint\" : \"0 | \"fingerprint\" : \"g | fingerprint: error[KV6006]: expected 64 lower-case",
        "\"text\" : \"policy | \"text\" : \"Policy | policy: sha256: error[KV6006]: expected the hash of the policy's text",
      })
  void manifestsThatSaySomethingElse(String from, String to, String problem) {
    replaceInManifest(from, to == null ? "" : to);
    assertRefused(PlanWriter.toBytes(entries), Reason.MALFORMED, problem);
  }

  @Test
  void deepJsonIsRefused() {
    byte[] deep = new byte[1 << 20];
    Arrays.fill(deep, (byte) '[');
    assertThatThrownBy(() -> ProgramJson.read(deep, false))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining("program.json: error[KV6006]: expected JSON, got");
  }

  private void replaceInManifest(String from, String to) {
    String manifest = manifest();
    if (!manifest.contains(from)) {
      throw new AssertionError("nothing to replace: " + from + " in " + manifest);
    }
    byte[] changed = manifest.replace(from, to).getBytes(StandardCharsets.UTF_8);
    entries.put(PlanFormat.MANIFEST, changed);
  }

  private String manifest() {
    return new String(entry(PlanFormat.MANIFEST), StandardCharsets.UTF_8);
  }

  private byte[] entry(String name) {
    return Objects.requireNonNull(entries.get(name));
  }

  private static void assertRefused(byte[] bytes, Reason reason, String problem) {
    assertThatThrownBy(() -> PlanReader.read("x.kvplan", bytes))
        .hasMessageContaining(problem)
        .isInstanceOfSatisfying(PlanException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
