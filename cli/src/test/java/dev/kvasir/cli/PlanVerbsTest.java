package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs that write and read plans, on the sample model. */
final class PlanVerbsTest {
  private static final int CONTEXT = 96;
  private static final String PROMPT = "And it came to pass in those days, that ";
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  @TempDir private static Path folder;
  private static Path full;
  private static CommandRun compiled;

  @BeforeAll
  static void compileFull() {
    full = folder.resolve("full.kvplan");
    compiled = compile("full", CONTEXT, full, "--verify", "--span=32");
  }

  @Test
  void compileReportsWhatItDid() {
    assertThat(compiled.err()).isEmpty();
    assertThat(compiled.status()).isZero();
    List<String> lines = compiled.out().lines().toList();
    assertThat(lines.getFirst()).isEqualTo("model    needle  llama  4 layers  4/2 heads  head 32");
    assertThat(lines).contains("policy   full  every row of every KV head");
    assertThat(compiled.out())
        .containsPattern("passes   build-graph [0-9.]+ ms > ")
        .containsPattern("kernels  \\d+ emitted")
        .containsPattern("memory   KV @96  128 KiB -> 128 KiB  \\(1.0x\\)   dominant: layer \\d")
        .containsPattern("peak [0-9.]+ (KiB|MiB), cache and working memory together")
        .contains("verify   49 positions after 48 tokens, teacher-forced, against policy full")
        .contains("PASS (cosine >= 0.999)")
        .containsPattern("wrote    .*full.kvplan  \\(format 1.0, [0-9.,]+ [KM]iB, weights by ref");
  }

  @Test
  void compileTellsMachinesTheSame() {
    Path plan = folder.resolve("json.kvplan");

    CommandRun run = compile("streaming", 512, plan, "--json");

    JsonNode report = Json.parse(run.out());
    assertThat(report.get("policy").textValue()).isEqualTo("streaming");
    assertThat(report.get("context").intValue()).isEqualTo(512);
    assertThat(report.get("kvBytes").longValue()).isLessThan(report.get("fullKvBytes").longValue());
    assertThat(report.get("kernels").size()).isPositive();
    assertThat(report.get("file").textValue()).isEqualTo(plan.toString());
    assertThat(report.get("fileBytes").longValue()).isEqualTo(plan.toFile().length());
  }

  @Test
  void givenSizesAreRecordedAndShown() {
    Path plan = folder.resolve("tiles.kvplan");

    CommandRun run =
        compile("full", CONTEXT, plan, "--tile=rows-per-split=64,prefill-tokens=4", "--span=32");

    String sizes = "prefill-tokens 4, rows-per-split 64, vector-weights 262144";
    assertThat(run.out()).contains("tiles    " + sizes);
    assertThat(CommandRun.of("inspect", plan).out()).contains("tiles     " + sizes);
    assertThat(CommandRun.of("run", plan, "-p", PROMPT, "-n", 8).out())
        .isEqualTo(CommandRun.of("run", full, "-p", PROMPT, "-n", 8).out());
  }

  @Test
  void aFailedVerificationWritesNothingAndKeepsTheOldFile() throws IOException {
    Path plan = Files.writeString(folder.resolve("old.kvplan"), "old");

    CommandRun run = compile("full", 32, plan, "--verify", "--min-cosine=1.5");

    assertThat(run.status()).isEqualTo(6);
    assertThat(run.out()).contains("FAIL (cosine >= 1.5)").doesNotContain("wrote");
    assertThat(run.err()).startsWith("full.kvp: error[KV8003]: verification failed");
    assertThat(plan).hasContent("old");
  }

  @Test
  void equalInputsGiveEqualBytes() throws IOException {
    Path again = folder.resolve("again.kvplan");

    compile("full", CONTEXT, again, "--span=32");

    assertThat(Files.mismatch(full, again)).isEqualTo(-1);
  }

  @Test
  void runPrintsTheTextAlone() {
    CommandRun run = CommandRun.of("run", full, "-p", PROMPT, "-n", 8, "--stats");
    CommandRun oneThread = CommandRun.of("run", full, "-p", PROMPT, "-n", 8, "--threads=1");

    assertThat(run.status()).isZero();
    assertThat(run.out()).hasSize(8);
    assertThat(run.err())
        .containsPattern("backend +jvm, \\d+-bit vectors")
        .containsPattern("prompt +40 tokens, first token after [0-9.]+ m?s, [0-9.,]+ tokens/s")
        .containsPattern(
            "generated +8 tokens, [0-9.,]+ tokens/s, [0-9.]+ m?s a token, ended by max-tokens")
        .containsPattern(
            "reading +2.44 MiB a step, 2.38 MiB of weights and 64.1 KiB of cache: [0-9.]+ [MG]B/s,"
                + " [0-9.]+ % of the [0-9.]+ [MG]B/s measured here now")
        .contains("cache      64.1 KiB allocated of 128 KiB reserved after 47 tokens under full;")
        .contains("rows       376 rows kept, 0 evictions");
    assertThat(oneThread.out()).isEqualTo(run.out());
    assertThat(oneThread.err()).isEmpty();
  }

  @Test
  void runTellsMachinesEverything() {
    CommandRun run = CommandRun.of("run", full, "-p", PROMPT, "-n", 3, "--json");

    JsonNode result = Json.parse(run.out());
    assertThat(result.get("text").textValue()).hasSize(3);
    assertThat(result.get("tokens").size()).isEqualTo(3);
    assertThat(result.get("finishReason").textValue()).isEqualTo("max-tokens");
    assertThat(result.at("/cache/allocatedBytes")).isEqualTo(result.at("/cache/fullBytes"));
    assertThat(result.at("/cache/trueTokens").intValue()).isEqualTo(PROMPT.length() + 2);
  }

  @Test
  void statisticsAreInTheObject() {
    JsonNode with =
        Json.parse(CommandRun.of("run", full, "-p", PROMPT, "-n", 3, "--json", "--stats").out());
    JsonNode without =
        Json.parse(CommandRun.of("run", full, "-p", PROMPT, "-n", 3, "--json").out());

    // 32 rows of cache a token and layer, in pages of 64 rows; every weight but the table of
    // tokens.
    long perLayer = 4L * (128 * 128 + 2 * 64 * 128 + 128 * 128 + 3 * 256 * 128 + 2 * 128);
    long weights = 4 * perLayer + 4L * (128 + 256 * 128 + 128);
    assertThat(with.at("/reading/weightBytesPerStep").longValue()).isEqualTo(weights);
    assertThat(with.at("/reading/cacheBytesPerStep").longValue())
        .isEqualTo(with.at("/cache/allocatedBytes").longValue());
    assertThat(with.at("/reading/readBandwidth").doubleValue()).isGreaterThan(1e8);
    assertThat(with.at("/reading/shareOfBandwidth").doubleValue()).isBetween(1e-9, 2.0);
    assertThat(with.get("threads").intValue()).isPositive();
    assertThat(with.get("vectorBits").intValue()).isIn(128, 256, 512);
    assertThat(without.has("reading")).isFalse();
  }

  @Test
  void tokenIdsGiveTokenIds() {
    StringBuilder ids = new StringBuilder();
    PROMPT.chars().forEach(id -> ids.append(ids.isEmpty() ? "" : ",").append(id));

    CommandRun text = CommandRun.of("run", full, "-p", PROMPT, "-n", 8);
    CommandRun tokens = CommandRun.of("run", full, "--prompt-ids", ids, "-n", 8);
    CommandRun outside = CommandRun.of("run", full, "--prompt-ids", "5,256", "-n", 8);

    String[] found = tokens.out().strip().split(",");
    StringBuilder decoded = new StringBuilder();
    for (String id : found) {
      decoded.append((char) Integer.parseInt(id));
    }
    assertThat(decoded.toString()).isEqualTo(text.out());
    assertThat(tokens.out()).endsWith(System.lineSeparator());
    assertThat(outside.err()).contains("error[KV7303]: token ids run from 0 to 255, got 256");
    assertThat(outside.status()).isEqualTo(2);
  }

  @Test
  void aTinyNucleusIsGreedy() {
    CommandRun greedy = CommandRun.of("run", full, "-p", PROMPT, "-n", 8);
    CommandRun tiny =
        CommandRun.of("run", full, "-p", PROMPT, "-n", 8, "--temperature=2", "--top-p=0.000001");

    assertThat(tiny.out()).isEqualTo(greedy.out());
  }

  @Test
  void irIsDumpedAfterEachPass() throws IOException {
    Path ir = folder.resolve("deep/ir");

    CommandRun run = compile("streaming", 256, folder.resolve("dump.kvplan"), "--dump-ir=" + ir);

    List<String> passes = Compiler.passNames();
    try (Stream<Path> files = Files.list(ir)) {
      assertThat(files.map(file -> String.valueOf(file.getFileName())).sorted().toList())
          .containsExactlyElementsOf(
              Stream.concat(
                      IntStream.range(0, passes.size())
                          .mapToObj(i -> "%02d-%s.kvir".formatted(i + 1, passes.get(i))),
                      Stream.of("kernels"))
                  .toList());
    }
    assertThat(ir.resolve("02-group-heads.kvir")).content().contains("sink", "ring");
    assertThat(ir.resolve("06-store-kv.kvir")).content().isEqualTo("(unchanged)\n");
    assertThat(ir.resolve("kernels/argmax_256.kernel")).content().startsWith("kernel argmax_256");
    assertThat(run.out()).contains("dumped   " + ir + "  (");
  }

  @Test
  void aCompilationStopsAfterAPass() {
    Path plan = folder.resolve("stopped.kvplan");
    Path ir = folder.resolve("stopped");

    CommandRun graph = compile("streaming", 256, plan, "--stop-after=group-heads");
    CommandRun dumped =
        compile("streaming", 256, plan, "--stop-after=group-heads", "--dump-ir=" + ir);
    JsonNode json =
        Json.parse(compile("streaming", 256, plan, "--stop-after=build-graph", "--json").out());

    assertThat(graph.out()).startsWith("graph needle {").contains("ring bf16 rows 64");
    assertThat(graph.err())
        .isEqualToIgnoringNewLines("stopped after group-heads; no plan was written");
    assertThat(graph.status()).isZero();
    assertThat(dumped.out()).contains("2 in ", "dumped   " + ir + "  (2 files)");
    assertThat(ir.resolve("02-group-heads.kvir")).content().isEqualTo(graph.out());
    assertThat(json.get("stoppedAfter").textValue()).isEqualTo("build-graph");
    assertThat(json.get("graph").textValue()).doesNotContain("ring");
    assertThat(plan).doesNotExist();
  }

  @Test
  void aDumpThatCannotBeWrittenSaysSo() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");

    CommandRun run = compile("full", 64, folder.resolve("undumped.kvplan"), "--dump-ir=" + file);

    assertThat(run.err())
        .startsWith(file + "/01-build-graph.kvir: error[KV8005]: the dump cannot be written: ");
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void equalSeedsDrawEqualTexts() throws IOException {
    Path prompt = Files.writeString(folder.resolve("prompt.txt"), "And ");

    CommandRun first = draw(prompt, 7);
    CommandRun second = draw(prompt, 7);
    CommandRun other = draw(prompt, 8);

    assertThat(first.out()).isEqualTo(second.out()).isNotEqualTo(other.out());
  }

  private static CommandRun draw(Path prompt, int seed) {
    return CommandRun.of(
        "run", full, "--prompt-file", prompt, "-n", 6, "--temperature=1.5", "--seed", seed);
  }

  @Test
  void aPromptBeyondTheContextIsRefused() {
    CommandRun run = CommandRun.of("run", full, "-p", "x".repeat(CONTEXT + 1));

    assertThat(run.err())
        .isEqualToIgnoringNewLines(
            full
                + ": error[KV7301]: prompt has 97 tokens; with 0 in the cache the plan holds 96"
                + " (compile with --max-context)");
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void promptsThatCannotBeReadAreRefused() throws IOException {
    Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff});

    CommandRun absent = CommandRun.of("run", full, "--prompt-file", folder.resolve("absent"));
    CommandRun noText = CommandRun.of("run", full, "--prompt-file", binary);

    assertThat(absent.err()).contains("absent: error[KV8004]: the prompt cannot be read: ");
    assertThat(absent.status()).isEqualTo(2);
    assertThat(noText.err())
        .contains("binary: error[KV8004]: expected text in UTF-8, got other bytes");
    assertThat(noText.status()).isEqualTo(2);
  }

  @Test
  void aFlippedByteIsFound() throws IOException {
    byte[] bytes = Files.readAllBytes(full);
    bytes[bytes.length / 2] ^= 1;
    Path flipped = Files.write(folder.resolve("flipped.kvplan"), bytes);

    for (String verb : List.of("run", "inspect")) {
      CommandRun run =
          verb.equals("run")
              ? CommandRun.of(verb, flipped, "-p", "a")
              : CommandRun.of(verb, flipped);

      assertThat(run.err())
          .contains("flipped.kvplan", "error[KV6002]", "copy the file again from its source");
      assertThat(run.out()).isEmpty();
      assertThat(run.status()).isEqualTo(3);
    }
  }

  @Test
  void anotherModelIsRefused() throws IOException {
    Path other = Files.createDirectory(folder.resolve("other"));
    Files.copy(CommandRun.SAMPLE.resolve("model.safetensors"), other.resolve("model.safetensors"));
    String config = Files.readString(CommandRun.SAMPLE.resolve("config.json"));
    Files.writeString(other.resolve("config.json"), config.replace("10000.0", "20000.0"));

    CommandRun run = CommandRun.of("run", full, "-p", "a", "--model", other);

    assertThat(run.err())
        .startsWith(other + ": error[KV6009]: the plan was compiled for another model")
        .contains("--model");
    assertThat(run.status()).isEqualTo(4);
  }

  @Test
  void aMovedPlanAsksForItsModel() throws IOException {
    Path moved = Files.createDirectories(folder.resolve("a/b")).resolve("moved.kvplan");
    Files.copy(full, moved);

    CommandRun lost = CommandRun.of("run", moved, "-p", PROMPT, "-n", 1);
    CommandRun found =
        CommandRun.of("run", moved, "-p", PROMPT, "-n", 1, "--model", CommandRun.SAMPLE);

    assertThat(lost.err())
        .startsWith(moved + ": error[KV8006]: expected its model needle at ")
        .contains("name the model's folder with --model");
    assertThat(lost.status()).isEqualTo(3);
    assertThat(found.status()).isZero();
  }

  @Test
  void inspectShowsThePlan() throws IOException {
    CommandRun run = CommandRun.of("inspect", full, "--memory", "--program", "--kernels", "--ir");

    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains("model     needle  4 layers  4/2 heads  head 32  vocabulary 256")
        .contains("context   96 tokens, spans of 32, pages of 64 rows")
        .contains("memory    KV @96  128 KiB -> 128 KiB  (1.0x)")
        .contains("kv-bytes = ", "layer.0.dense  0, 1   8.00 KiB  2", "layer.3.q")
        .contains("procedure prefill", "procedure step", "decode attention")
        .contains("decode_attention_dense_bf16")
        .contains("attention");
    assertThat(run.out()).contains(PlanReader.sha256(full).substring(0, 12));
  }

  @Test
  void kernelsAreListedWithTheirSizesAndMethods() {
    CommandRun run = CommandRun.of("inspect", full, "--kernels");

    String name = "decode_attention_dense_bf16_g2d32";
    assertThat(run.out())
        .containsSubsequence(
            name,
            "  fuses     QK^T + softmax + PV over pages, 2 query heads per read",
            "  runs      step: layer.0 decode attention and 3 more over [1, 2, ",
            "  tiles     rows-per-split 256",
            "  frame     ",
            "  arguments q f32, ",
            "partial_output f32 written",
            "  dims      tokens, first_head, dense_table",
            "  classes   128 bits ",
            ", 512 bits ",
            "  methods   at 512 bits ",
            "run ",
            "(shared) ",
            "IR of one: kvasir inspect PLAN --kernel NAME")
        .contains("  tiles     prefill-tokens 16")
        .doesNotContain("kernel " + name, "never compiled");
  }

  @Test
  void oneKernelIsShownWithItsIr() {
    CommandRun run = CommandRun.of("inspect", full, "--kernel=argmax_256");
    CommandRun misspelt = CommandRun.of("inspect", full, "--kernel=argmx_256");
    JsonNode kernel =
        Json.parse(CommandRun.of("inspect", full, "--kernel=argmax_256", "--json").out())
            .get("kernel");

    assertThat(run.out())
        .contains("  fuses     index of the largest", "kernel argmax_256(logits: f32 read, ")
        .doesNotContain("decode_attention");
    assertThat(misspelt.err())
        .contains("no kernel of the plan is named 'argmx_256' (did you mean argmax_256?)");
    assertThat(misspelt.status()).isEqualTo(2);
    assertThat(kernel.get("text").textValue()).startsWith("kernel argmax_256");
    assertThat(kernel.at("/classBytes/128").intValue()).isPositive();
    assertThat(kernel.at("/methods/0/name").textValue()).isEqualTo("run");
    assertThat(kernel.at("/methods/0/bytecode").intValue()).isPositive();
  }

  @Test
  void inspectTellsMachinesEverything() {
    CommandRun run = CommandRun.of("inspect", full, "--json");
    CommandRun part = CommandRun.of("inspect", full, "--json", "--memory");

    JsonNode plan = Json.parse(run.out());
    assertThat(plan.at("/manifest/target").textValue()).isEqualTo("jvm");
    assertThat(plan.get("kernels").get(0).get("name").textValue()).isNotEmpty();
    assertThat(plan.has("memory") && plan.has("program") && plan.has("graph")).isTrue();
    assertThat(Json.parse(part.out()).has("memory")).isTrue();
    assertThat(Json.parse(part.out()).has("program")).isFalse();
  }

  @Test
  void traceHasEveryNameAndShape() throws IOException {
    Path trace = folder.resolve("trace.safetensors");

    CommandRun run = CommandRun.of("trace", full, "-p", PROMPT, "-n", 3, "-o", trace);

    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("tensors in 4 steps");
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile file = SafetensorsFile.open(trace, arena);
      assertThat(new TreeSet<>(file.names())).isEqualTo(expectedNames());
      assertThat(shape(file, "tokens")).containsExactly(PROMPT.length() + 3);
      // 40 tokens in spans of 32: steps of 32 and 8 rows, then two of one row.
      assertThat(shape(file, "layer.2.step.0.q")).containsExactly(4, 32, 32);
      assertThat(shape(file, "layer.2.step.1.k_pre")).containsExactly(2, 8, 32);
      assertThat(shape(file, "layer.2.step.3.out")).containsExactly(4, 1, 32);
      assertThat(shape(file, "layer.2.step.1.lse")).containsExactly(4, 8);
      assertThat(shape(file, "layer.2.cache.0.k")).containsExactly(2, 42, 32);
      assertThat(shape(file, "layer.2.cache.0.position")).containsExactly(2, 42);
      assertThat(ints(file, "layer.2.step.1.position"))
          .containsExactly(32, 33, 34, 35, 36, 37, 38, 39);
      assertThat(ints(file, "layer.2.step.3.position")).containsExactly(41);
      assertThat(ints(file, "layer.2.cache.0.heads")).containsExactly(0, 1);
      assertThat(floats(file, "layer.2.cache.0.bytes")).containsExactly(2 * 64 * 64 * 2);
      assertCacheHoldsTheKeysOfEveryStep(file);
    }
  }

  @Test
  void traceHasItsMetadata() throws IOException {
    Path trace = folder.resolve("metadata.safetensors");

    CommandRun run = CommandRun.of("trace", full, "-p", PROMPT, "-o", trace, "--json");

    assertThat(Json.parse(run.out()).get("prefillSteps").intValue()).isEqualTo(2);
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile file = SafetensorsFile.open(trace, arena);
      assertThat(file.metadata())
          .containsEntry("plan_hash", PlanReader.sha256(full))
          .containsEntry("prefill_steps", "2")
          .containsEntry("prompt_tokens", "40")
          .containsEntry("softmax_scale", Double.toString(1 / Math.sqrt(32)))
          .containsEntry("rope_theta", "10000.0")
          .containsEntry("rope_scaling", "none")
          .containsEntry("rope_style", "half");
      assertThat(file.metadata().get("policy")).startsWith("{\"policy\":\"full\"");
    }
  }

  @Test
  void aTraceThatCannotBeWrittenLeavesNothing() {
    Path trace = folder.resolve("nowhere/trace.safetensors");

    CommandRun run = CommandRun.of("trace", full, "-p", PROMPT, "-o", trace);

    assertThat(run.err()).startsWith(trace + ": error[KV8005]: the trace cannot be written: ");
    assertThat(run.status()).isEqualTo(2);
  }

  private static CommandRun compile(String policy, int context, Path plan, String... more) {
    Stream<Object> arguments =
        Stream.of(
            "compile",
            CommandRun.SAMPLE,
            "--policy=" + policy,
            "--max-context=" + context,
            "-o",
            plan);
    return CommandRun.of(Stream.concat(arguments, Arrays.stream(more)).toArray());
  }

  private static Set<String> expectedNames() {
    Set<String> names = new TreeSet<>();
    names.add("tokens");
    for (int layer = 0; layer < 4; layer++) {
      for (int step = 0; step < 4; step++) {
        for (String name : List.of("q", "k", "v", "q_pre", "k_pre", "out", "lse", "position")) {
          names.add("layer.%d.step.%d.%s".formatted(layer, step, name));
        }
      }
      for (String name : List.of("k", "v", "heads", "position", "bytes")) {
        names.add("layer.%d.cache.0.%s".formatted(layer, name));
      }
    }
    return names;
  }

  private static void assertCacheHoldsTheKeysOfEveryStep(SafetensorsFile file) {
    float[] cache = floats(file, "layer.1.cache.0.k");
    int rows = 42;
    int dim = 32;
    for (int step = 0; step < 4; step++) {
      float[] keys = floats(file, "layer.1.step.%d.k".formatted(step));
      int[] positions = ints(file, "layer.1.step.%d.position".formatted(step));
      for (int head = 0; head < 2; head++) {
        for (int row = 0; row < positions.length; row++) {
          for (int i = 0; i < dim; i++) {
            float key = keys[(head * positions.length + row) * dim + i];
            float stored = cache[(head * rows + positions[row]) * dim + i];
            assertThat(stored).isEqualTo(rounded(key));
          }
        }
      }
    }
  }

  private static float rounded(float value) {
    return Float.intBitsToFloat(StorageFormat.bf16(value) << Short.SIZE);
  }

  private static SafetensorsTensor tensor(SafetensorsFile file, String name, SafetensorsType type) {
    SafetensorsTensor tensor = file.tensor(name).orElseThrow();
    assertThat(tensor.type()).as(name).isEqualTo(type);
    return tensor;
  }

  private static List<Integer> shape(SafetensorsFile file, String name) {
    return file.tensor(name).orElseThrow().shape().stream().map(Long::intValue).toList();
  }

  private static float[] floats(SafetensorsFile file, String name) {
    return tensor(file, name, SafetensorsType.F32).data().toArray(FLOAT);
  }

  private static int[] ints(SafetensorsFile file, String name) {
    return tensor(file, name, SafetensorsType.I32).data().toArray(INT);
  }
}
