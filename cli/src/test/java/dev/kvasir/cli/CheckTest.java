package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code inspect --check}: every reason at once, each with its code and a way out. */
final class CheckTest {
  @TempDir private static Path folder;
  private static Path plan;

  @BeforeAll
  static void compile() {
    plan = folder.resolve("plan.kvplan");
    CommandRun run =
        CommandRun.of(
            "compile", CommandRun.SAMPLE, "--policy=streaming", "--max-context=256", "-o", plan);
    assertThat(run.status()).as(run.err()).isZero();
  }

  @Test
  void aSoundPlanCanRun() {
    CommandRun run = check(plan);

    assertThat(run.out())
        .contains("the plan's to the last byte")
        .containsPattern("kernels +\\d+ kernels as they should be, on jvm")
        .endsWith("can run here" + System.lineSeparator())
        .doesNotContain("cannot");
    assertThat(run.status()).isZero();
  }

  @Test
  void everyDamagedEntryIsNamed() throws IOException {
    byte[] bytes = Files.readAllBytes(plan);
    for (String entry : List.of("graph.kvir", "checks.safetensors")) {
      bytes[contentOf(bytes, entry)] ^= 1;
    }
    Path damaged = Files.write(folder.resolve("damaged.kvplan"), bytes);

    CommandRun run = check(damaged);

    assertThat(reasons(run)).hasSize(2);
    assertThat(reasons(run).get(0))
        .startsWith("damaged.kvplan: checks.safetensors: error[KV6002]: expected content with SHA");
    assertThat(reasons(run).get(1)).startsWith("damaged.kvplan: graph.kvir: error[KV6002]: ");
    assertThat(run.out()).contains("cannot run here: 2 reasons", "copy the file again");
    assertThat(run.status()).isEqualTo(3);
  }

  @Test
  void aTruncatedPlanIsCorruptAtAnyLength() throws IOException {
    byte[] bytes = Files.readAllBytes(plan);
    for (int length = bytes.length - 1; length > 4; length = length * 2 / 3) {
      Path cut = Files.write(folder.resolve("cut.kvplan"), Arrays.copyOf(bytes, length));

      CommandRun run = check(cut);

      assertThat(run.status()).as("%d bytes", length).isEqualTo(3);
      assertThat(reasons(run)).as("%d bytes", length).isNotEmpty();
    }
  }

  @Test
  void allReasonsAreGivenAtOnce() throws IOException {
    Path foreign = folder.resolve("foreign.kvplan");
    CommandRun.of(
        "compile",
        CommandRun.SAMPLE,
        "--policy=full",
        "--max-context=64",
        "--target=tornado",
        "-o",
        foreign);
    Plan read = PlanReader.read(foreign);
    Manifest manifest = read.manifest();
    Manifest other =
        new Manifest(
            manifest.formatMajor(),
            manifest.formatMinor(),
            manifest.compilerVersion(),
            manifest.target(),
            List.of("format.f16", "format.q3", "telepathy"),
            manifest.model(),
            manifest.tokenizer(),
            manifest.policy(),
            manifest.context(),
            manifest.span(),
            manifest.pageRows(),
            manifest.tiles());
    Path strange = folder.resolve("strange.kvplan");
    new Plan(other, read.program(), read.memory(), read.files()).save(strange);
    Path model = Files.createDirectories(folder.resolve("other"));
    Files.copy(CommandRun.SAMPLE.resolve("model.safetensors"), model.resolve("model.safetensors"));
    String config = Files.readString(CommandRun.SAMPLE.resolve("config.json"));
    Files.writeString(model.resolve("config.json"), config.replace("10000.0", "20000.0"));

    CommandRun run = CommandRun.of("inspect", strange, "--check", "--model", model);
    JsonNode json =
        Json.parse(CommandRun.of("inspect", strange, "--check", "--json", "--model", model).out());

    assertThat(reasons(run))
        .satisfiesExactly(
            target ->
                assertThat(target)
                    .startsWith(
                        "strange.kvplan: error[KV8002]: target tornado cannot be used: there is no"
                            + " TornadoVM SDK: ")
                    .contains("; get one with "),
            format -> assertThat(format).contains("error[KV6011]", "format.q3"),
            feature -> assertThat(feature).contains("error[KV6011]", "telepathy"),
            another -> assertThat(another).startsWith("other: error[KV6009]: "));
    assertThat(run.out()).contains("not seen", "cannot run here: 4 reasons");
    assertThat(run.status()).isEqualTo(5);
    assertThat(json.get("runnable").booleanValue()).isFalse();
    assertThat(json.get("reasons").findValuesAsText("code"))
        .containsExactly("KV8002", "KV6011", "KV6011", "KV6009");
  }

  @Test
  void otherWeightsOfTheSameShapeAreFound() throws IOException {
    Path model = Files.createDirectories(folder.resolve("weights"));
    Files.copy(CommandRun.SAMPLE.resolve("config.json"), model.resolve("config.json"));
    byte[] weights = Files.readAllBytes(CommandRun.SAMPLE.resolve("model.safetensors"));
    weights[weights.length - 1] ^= 1;
    Files.write(model.resolve("model.safetensors"), weights);

    CommandRun run = CommandRun.of("inspect", plan, "--check", "--model", model);

    assertThat(reasons(run)).hasSize(1);
    assertThat(reasons(run).getFirst()).contains("error[KV6009]", "this one has other weights");
    assertThat(run.status()).isEqualTo(4);
  }

  @Test
  void aModelThatIsNotThereIsAReason() {
    CommandRun run =
        CommandRun.of("inspect", plan, "--check", "--model", folder.resolve("nowhere"));

    assertThat(reasons(run))
        .containsExactly(
            "nowhere: error[KV3013]: expected a model directory, got none; name the folder of the"
                + " plan's model with --model");
    assertThat(run.status()).isEqualTo(3);
  }

  @Test
  void memoryIsCountedAsASessionTakesIt() throws IOException {
    MemoryNeed need = MemoryNeed.of(PlanReader.read(plan));

    CommandRun run = check(plan);

    assertThat(run.out())
        .contains("session   %s reserved and given back".formatted(Texts.bytes(need.bytes())));
    assertThat(new MemoryNeed(3L << 30, 1 << 20, 2L << 30).error())
        .startsWith("error[KV7201]: too little memory: 3.00 GiB a session (cache 3.00 GiB")
        .contains("of 2.00 GiB", "--max-context");
  }

  private static CommandRun check(Path file) {
    return CommandRun.of("inspect", file, "--check");
  }

  private static List<String> reasons(CommandRun run) {
    return run.out()
        .replace(folder + "/", "")
        .lines()
        .filter(line -> line.contains("error["))
        .toList();
  }

  /** Where the content of a stored entry begins. */
  private static int contentOf(byte[] zip, String entry) {
    String text = new String(zip, StandardCharsets.ISO_8859_1);
    int name = Optional.of(text.indexOf("\u0000" + entry)).filter(at -> at > 0).orElseThrow();
    return name + 1 + entry.length() + 40;
  }
}
