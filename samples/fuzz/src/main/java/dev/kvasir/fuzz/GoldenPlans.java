package dev.kvasir.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The sound plans that mutants come from.
 *
 * @param compiled as the compiler writes it: all kernels, sink and ring segments, a context of 3
 *     and spans of 2
 * @param small the same with two kernels and few launches, about 20 KiB, so that a flip of every
 *     single bit can be tried
 * @param longContext as small, with a dense segment, a context and spans of 100,000: expressions
 *     have a wide range
 */
record GoldenPlans(PlanArchive compiled, PlanArchive small, PlanArchive longContext) {

  private static final String STREAMING =
      "policy golden { use group-heads(criterion = layer, retrieval = [], sink = 1, recent = 2); }";
  private static final String FULL = "policy golden { }";
  private static final int LONG = 100_000;
  private static final List<String> KEPT_KERNELS = List.of("embedding_", "stage_rows_");
  private static final Set<String> KEPT_BUFFERS = Set.of("tokens", "logits", "next", "kv_heads");

  /** {@return the plans of the model in {@code folder}, which is used for temporary files} */
  static GoldenPlans of(Path folder) throws IOException {
    PlanArchive compiled = compile(folder, STREAMING, 3, 2);
    PlanArchive longContext = compile(folder, FULL, LONG, LONG);
    return new GoldenPlans(compiled, reduce(compiled), reduce(longContext));
  }

  /** {@return the three plans} */
  List<PlanArchive> all() {
    return List.of(compiled, small, longContext);
  }

  private static PlanArchive compile(Path folder, String policy, int context, int span)
      throws IOException {
    Path file = folder.resolve("golden.kvplan");
    GoldenModel.compile(folder, policy, context, span).save(file);
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    return PlanArchive.of(bytes);
  }

  private static PlanArchive reduce(PlanArchive archive) {
    JsonNode program = Json.read(archive.content(PlanArchive.PROGRAM));
    JsonNode memory = Json.read(archive.content(PlanArchive.MEMORY));
    Predicate<String> kept = name -> KEPT_KERNELS.stream().anyMatch(name::startsWith);
    Set<String> used = new HashSet<>(KEPT_BUFFERS);
    keep(program.path("kernels"), kernel -> kept.test(kernel.path("name").asText()));
    for (JsonNode procedure : program.path("procedures")) {
      keep(
          procedure.path("steps"),
          step ->
              kept.test(step.path("launch").asText())
                  || step.path("observe").asText().equals("layer.0.k"));
      for (JsonNode step : procedure.path("steps")) {
        step.path("buffers").forEach(buffer -> used.add(buffer.asText()));
        used.add(step.path("buffer").asText());
      }
    }
    keep(
        memory.path("buffers"),
        buffer ->
            List.of("pool", "table", "weight").contains(buffer.path("kind").asText())
                || used.contains(buffer.path("name").asText()));
    Set<String> derived = new HashSet<>();
    for (JsonNode buffer : memory.path("buffers")) {
      if (buffer.path("kind").asText().equals("derived")) {
        derived.add(buffer.path("tensor").asText());
      }
    }
    PlanArchive reduced =
        archive
            .with(PlanArchive.PROGRAM, Json.write(program))
            .with(PlanArchive.MEMORY, Json.write(memory))
            .with(PlanArchive.WEIGHTS, select(archive, PlanArchive.WEIGHTS, derived::contains))
            .with(PlanArchive.CHECKS, select(archive, PlanArchive.CHECKS, kept));
    for (String name : archive.names()) {
      boolean text = name.startsWith("kernels/text/") || name.equals("graph.kvir");
      boolean dropped = name.endsWith(".class") && !isShared(name) && !kept.test(simple(name));
      if (text || dropped) {
        reduced = reduced.without(name);
      }
    }
    for (String name : reduced.names().stream().filter(GoldenPlans::isShared).toList()) {
      String folder = name.substring(0, name.lastIndexOf('/') + 1);
      List<byte[]> callers =
          reduced.names().stream()
              .filter(other -> other.startsWith(folder) && !isShared(other))
              .map(reduced::content)
              .toList();
      reduced = reduced.with(name, SharedMethods.calledBy(callers, reduced.content(name)));
    }
    return reduced;
  }

  private static String simple(String name) {
    return name.substring(name.lastIndexOf('/') + 1);
  }

  private static boolean isShared(String name) {
    return simple(name).equals(JvmKernelAbi.SHARED + ".class");
  }

  private static void keep(JsonNode list, Predicate<JsonNode> kept) {
    for (Iterator<JsonNode> elements = list.elements(); elements.hasNext(); ) {
      if (!kept.test(elements.next())) {
        elements.remove();
      }
    }
  }

  private static byte[] select(PlanArchive archive, String entry, Predicate<String> kept) {
    try {
      SafetensorsFile file =
          SafetensorsFile.of(entry, MemorySegment.ofArray(archive.content(entry)));
      SafetensorsWriter writer = new SafetensorsWriter();
      file.tensors().values().stream()
          .filter(tensor -> kept.test(tensor.name()))
          .forEach(writer::add);
      return writer.toBytes();
    } catch (SafetensorsException e) {
      throw new IllegalStateException("a sound plan has a broken entry", e);
    }
  }

  /** {@return the plan bound to another model: its manifest with this fingerprint} */
  static PlanArchive withFingerprint(PlanArchive archive, String fingerprint) {
    JsonNode manifest = archive.manifest();
    ((ObjectNode) manifest.path("model")).put("fingerprint", fingerprint);
    return archive.withManifest(manifest);
  }
}
