package dev.kvasir.plans;

import dev.kvasir.plans.PlanException.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Plans whose container or JSON is not what it says. */
final class HostileFileCases {

  private static final int FLAGS_AT = 6;
  private static final int METHOD_AT = 8;
  private static final int SIZE_AT = 22;
  private static final int EXTRA_AT = 28;

  private final List<HostileCase> cases = new ArrayList<>();

  private HostileFileCases() {}

  static List<HostileCase> all() {
    HostileFileCases all = new HostileFileCases();
    all.addContainers();
    all.addEntries();
    all.addManifests();
    all.addClasses();
    return all.cases;
  }

  private void add(String name, Reason reason, String problem, Supplier<byte[]> file) {
    cases.add(new HostileCase(name, reason, problem, file));
  }

  private static byte[] whole() {
    return PlanWriter.toBytes(HostileCase.harmless());
  }

  private static byte[] patched(Consumer<ByteBuffer> change) {
    byte[] bytes = whole();
    change.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    return bytes;
  }

  private void addContainers() {
    add(
        "a script",
        Reason.NOT_A_PLAN,
        "expected a zip file",
        () -> "#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII));
    add("an empty file", Reason.NOT_A_PLAN, "expected a zip file", () -> new byte[0]);
    add(
        "a plan behind other bytes",
        Reason.NOT_A_PLAN,
        "expected a zip file",
        () -> joined(new byte[] {0}, whole()));
    add(
        "bytes behind the end",
        Reason.CORRUPT,
        "of the zip's directory",
        () -> joined(whole(), new byte[] {0}));
    add(
        "a plan behind a plan",
        Reason.CORRUPT,
        "of the zip's directory",
        () -> joined(whole(), whole()));
    add(
        "half a plan",
        Reason.CORRUPT,
        "x.kvplan",
        () -> Arrays.copyOf(whole(), whole().length / 2));
    add(
        "an encrypted entry",
        Reason.CORRUPT,
        "expected a stored zip entry without extras",
        () -> patched(zip -> zip.putShort(FLAGS_AT, (short) 1)));
    add(
        "a size behind the content",
        Reason.CORRUPT,
        "expected a stored zip entry without extras",
        () -> patched(zip -> zip.putShort(FLAGS_AT, (short) 8)));
    add(
        "an entry that says it is compressed",
        Reason.CORRUPT,
        "expected a stored zip entry without extras",
        () -> patched(zip -> zip.putShort(METHOD_AT, (short) 8)));
    add(
        "extra fields",
        Reason.CORRUPT,
        "expected a stored zip entry without extras",
        () -> patched(zip -> zip.putShort(EXTRA_AT, (short) 4)));
    add(
        "a size beyond the file",
        Reason.CORRUPT,
        "got the end of the file",
        () -> patched(zip -> zip.putInt(SIZE_AT, PlanFormat.MAX_JSON_BYTES)));
    add(
        "a size beyond any entry",
        Reason.TOO_LARGE,
        "got 4294967295",
        () -> patched(zip -> zip.putInt(SIZE_AT, -1)));
    add("a bomb of zeros", Reason.CORRUPT, "manifest.json", HostileFileCases::bomb);
    add(
        "a directory that names other entries",
        Reason.CORRUPT,
        "of the zip's directory",
        () -> patched(zip -> zip.put(zip.capacity() - 30, (byte) 'x')));
    add(
        "a comment",
        Reason.CORRUPT,
        "of the zip's directory",
        () ->
            joined(patched(zip -> zip.putShort(zip.capacity() - 2, (short) 1)), new byte[] {'!'}));
    add(
        "one changed bit",
        Reason.CORRUPT,
        "expected content with the zip's checksum",
        () -> patched(zip -> zip.put(200, (byte) (zip.get(200) ^ 1))));
  }

  private static byte[] bomb() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      out.putNextEntry(new ZipEntry(PlanFormat.MANIFEST));
      out.write(new byte[1 << 24]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private void addEntries() {
    for (String path :
        List.of("../evil", "/etc/passwd", "a/../../evil", "C:\\evil", ".ssh/config", "a//evil")) {
      add(
          "an entry named " + path,
          Reason.CORRUPT,
          "expected the name of an entry",
          () -> {
            SortedMap<String, byte[]> entries = new TreeMap<>(PlanFormat.ORDER);
            entries.put(
                PlanFormat.MANIFEST,
                Objects.requireNonNull(HostileCase.entries().get(PlanFormat.MANIFEST)));
            entries.put(path, new byte[1]);
            return PlanWriter.toBytes(entries);
          });
    }
    add(
        "an entry first that is not the manifest",
        Reason.NOT_A_PLAN,
        "expected the first entry manifest.json, got checks.safetensors",
        HostileFileCases::withoutManifest);
    add(
        "a name twice",
        Reason.MALFORMED,
        "expected a name after checks.safetensors",
        () -> manifest("\"graph.kvir\"", "\"checks.safetensors\""));
    add(
        "an entry that is not listed",
        Reason.CORRUPT,
        "of the zip's directory",
        () -> HostileCase.entries(entries -> entries.put("zzz", new byte[1])));
    add(
        "a listed entry that is not there",
        Reason.CORRUPT,
        "expected the manifest's entry graph.kvir",
        () -> HostileCase.entries(entries -> entries.remove("graph.kvir")));
    add(
        "content with the hash of another",
        Reason.CORRUPT,
        "as the manifest says",
        () ->
            HostileCase.entries(
                entries ->
                    entries.put(
                        "kernels/jvm/128/attend.class",
                        HostileClasses.body(code -> code.iconst_0().istore(9)))));
    add(
        "two entries exchanged",
        Reason.CORRUPT,
        "as the manifest says",
        () ->
            HostileCase.entries(
                entries -> {
                  byte[] first =
                      Objects.requireNonNull(entries.get("kernels/jvm/128/attend.class"));
                  entries.put(
                      "kernels/jvm/128/attend.class",
                      Objects.requireNonNull(entries.put("kernels/jvm/256/attend.class", first)));
                }));
    add(
        "no program",
        Reason.CORRUPT,
        "program.json",
        () -> HostileCase.entries(entries -> entries.remove(PlanFormat.PROGRAM)));
    add(
        "check vectors that are none",
        Reason.MALFORMED,
        "checks.safetensors: error[KV6006]",
        () -> HostileCase.withFiles(Map.of(PlanFormat.CHECKS, new byte[] {1, 2, 3})));
    add(
        "derived tensors with a header beyond the file",
        Reason.MALFORMED,
        "weights.safetensors: error[KV6006]",
        () ->
            HostileCase.withFiles(
                Map.of(
                    PlanFormat.WEIGHTS,
                    ByteBuffer.allocate(16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(Long.MAX_VALUE)
                        .array())));
  }

  private static byte[] withoutManifest() {
    return HostileCase.entries(entries -> entries.remove(PlanFormat.MANIFEST));
  }

  private static byte[] manifest(String from, String to) {
    return HostileCase.json(PlanFormat.MANIFEST, from, to);
  }

  private void addManifest(String name, String from, String to, String problem) {
    add(name, Reason.MALFORMED, problem, () -> manifest(from, to));
  }

  private void addManifests() {
    add(
        "an older major version",
        Reason.TOO_OLD,
        "expected format version 1, got 0.9",
        () -> manifest("\"major\" : 1, \"minor\" : 0", "\"major\" : 0, \"minor\" : 9"));
    add(
        "a newer major version",
        Reason.TOO_NEW,
        "expected format version 1, got 2.0",
        () -> manifest("\"major\" : 1, \"minor\" : 0", "\"major\" : 2, \"minor\" : 0"));
    addManifest("a minor version below 0", "\"minor\" : 0", "\"minor\" : -1", "minor");
    addManifest(
        "a field twice",
        "\"context\" : 200",
        "\"context\" : 200, \"context\" : 1",
        "Duplicate field");
    addManifest(
        "an unknown field",
        "\"context\" : 200",
        "\"context\" : 200, \"run\" : \"sh\"",
        "expected no field \"run\"");
    addManifest(
        "a huge number",
        "\"context\" : 200",
        "\"context\" : " + "9".repeat(60),
        "expected a 32-bit integer");
    addManifest(
        "an endless number",
        "\"context\" : 200",
        "\"context\" : " + "9".repeat(100_000),
        "expected JSON");
    addManifest(
        "a context below 1",
        "\"context\" : 200",
        "\"context\" : -200",
        "context: error[KV6006]: expected 1 to");
    addManifest(
        "a span beyond the context",
        "\"span\" : 128",
        "\"span\" : 201",
        "span: error[KV6006]: expected 1 to 200, got 201");
    addManifest(
        "a scale that is no number",
        "\"softmax_scale\" : 0.35",
        "\"softmax_scale\" : NaN, \"x\" : 0.35",
        "expected JSON");
    addManifest(
        "an infinite scale",
        "\"softmax_scale\" : 0.35",
        "\"softmax_scale\" : 1e999, \"x\" : 0.35",
        "expected a finite number");
    addManifest(
        "a negative scale",
        "\"softmax_scale\" : 0.35",
        "\"softmax_scale\" : -0.35",
        "expected a positive number");
    addManifest(
        "another target",
        "\"target\" : \"jvm\"",
        "\"target\" : \"shell\"",
        "expected jvm or tornado, got shell");
    addManifest(
        "lists without end",
        "\"end_tokens\" : [ 0 ]",
        "\"end_tokens\" : " + "[".repeat(5_000),
        "expected JSON");
    addManifest(
        "text behind the object", "\"format\"", "\"format\" : 1 } { \"format\"", "expected JSON");
    addManifest(
        "an absolute path to the model",
        "\"path_hint\" : \"..",
        "\"path_hint\" : \"/etc",
        "expected a relative path");
    addManifest(
        "a hash of the policy that is another's",
        "\"text\" : \"policy",
        "\"text\" : \"Policy",
        "expected the hash of the policy's text");
    addManifest(
        "a model name that steers the terminal",
        "\"name\" : \"sample\"",
        "\"name\" : \"\\u001b[2J\"",
        "expected printable text");
    addManifest(
        "an end token outside the vocabulary",
        "\"end_tokens\" : [ 0 ]",
        "\"end_tokens\" : [ -1 ]",
        "end_tokens");
    addManifest(
        "more key heads than query heads",
        "\"kv_heads\" : 1",
        "\"kv_heads\" : 3",
        "kv_heads: error[KV6006]: expected 1 to 2, got 3");
  }

  private void addClasses() {
    byte[] harmless = HostileClasses.harmless("evil", HostileClasses.BITS);
    for (String entry :
        List.of("kernels/jvm/256/evil.class", "kernels/jvm/1024/attend.class", "Evil.class")) {
      cases.add(
          new HostileCase(
              "has a class that no kernel names: " + entry,
              Reason.MALFORMED,
              "expected no class but those of declared kernels",
              () -> HostileCase.withFiles(Map.of(entry, harmless))));
    }
    cases.add(
        new HostileCase(
            "lacks a class",
            Reason.MALFORMED,
            "kernels/jvm/512/predict.class: error[KV6006]: expected the entry, got none",
            () -> HostileCase.without("kernels/jvm/512/predict.class")));
  }
}
