package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.kvasir.cli.eval.Baseline;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The verb {@code eval} on the sample model. */
final class EvalTest {
  private static final int CONTEXT = 256;
  private static final int LENGTH = 140;
  private static final int HEADS = 4 * 2;
  private static final int PAGE = 64 * (32 + 32) * 2;
  private static final int SLOT = 4;

  @TempDir private static Path folder;
  private static Path streaming;
  private static Path out;
  private static String err = "";
  private static JsonNode json = MissingNode.getInstance();
  private static List<String> predictions = List.of();
  private static List<String> report = List.of();

  @BeforeAll
  static void evaluate() throws IOException {
    streaming = compile("streaming", "jvm");
    out = folder.resolve("results");
    CommandRun run =
        CommandRun.of(
            "eval",
            streaming,
            "--model",
            CommandRun.SAMPLE,
            "--lengths=" + LENGTH,
            "--depths=100,0",
            "--samples=1",
            "--keys=1",
            "--out",
            out,
            "--json");
    assertThat(run.status()).as(run.err()).isZero();
    err = run.err();
    json = Json.parse(run.out());
    predictions = Files.readAllLines(out.resolve("predictions.csv"));
    report = Files.readAllLines(out.resolve("report.md"));
  }

  private static Path compile(String policy, String target) {
    Path plan = folder.resolve(policy + "-" + target + ".kvplan");
    CommandRun run =
        CommandRun.of(
            "compile",
            CommandRun.SAMPLE,
            "--policy=" + policy,
            "--target=" + target,
            "--max-context=" + CONTEXT,
            "-o",
            plan);
    assertThat(run.status()).as(run.err()).isZero();
    return plan;
  }

  private static CommandRun eval(Object... arguments) {
    List<Object> words = new ArrayList<>(List.of("eval"));
    words.addAll(List.of(arguments));
    return CommandRun.of(
        Map.of(
            "KVASIR_BASELINES", "none",
            "KVASIR_LENGTHS", "60",
            "KVASIR_SAMPLES", "1",
            "KVASIR_DEPTHS", "50"),
        words.toArray());
  }

  private static JsonNode cache(String name) {
    for (JsonNode cache : json.get("caches")) {
      if (cache.get("name").textValue().equals(name)) {
        return cache;
      }
    }
    throw new AssertionError("no cache " + name + " in " + json);
  }

  @Test
  void aNeedleOutsideTheWindowIsLostAndOneInsideIsNot() {
    for (String suite : List.of("needle", "passkey")) {
      assertThat(predictions)
          .filteredOn(line -> line.startsWith(suite + ",streaming-jvm,streaming,140,0.0,"))
          .hasSize(1)
          .allMatch(line -> line.contains(",false,"));
      assertThat(predictions)
          .filteredOn(line -> line.startsWith(suite + ",streaming-jvm,streaming,140,100.0,"))
          .hasSize(1)
          .allMatch(line -> line.contains(",true,"));
      assertThat(predictions)
          .filteredOn(line -> line.startsWith(suite + ",full,full,140,0.0,"))
          .hasSize(1)
          .allMatch(line -> line.contains(",true,"));
    }
  }

  @Test
  void bytesAreThosePagesOfTheSessionAndItsBaselines() {
    // 139 tokens were read: 3 pages in full, a sink page and 2 of a ring in streaming.
    long full = (long) HEADS * (3 * PAGE + CONTEXT / 64 * SLOT);
    long windows = (long) HEADS * (3 * PAGE + 3 * SLOT);
    assertThat(predictions)
        .filteredOn(line -> line.startsWith("needle,full,"))
        .hasSize(2)
        .allMatch(line -> line.endsWith("," + full));
    assertThat(predictions)
        .filteredOn(
            line -> line.contains(",streaming-jvm,") || line.contains(",streaming-jvm~streaming,"))
        .hasSize(12)
        .allMatch(line -> line.endsWith("," + windows));
    assertThat(cache("full").at("/lengths/0/allocatedBytes").longValue()).isEqualTo(full);
    assertThat(cache("streaming-jvm~streaming").at("/lengths/0/allocatedBytes").longValue())
        .isEqualTo(windows);
    assertThat(cache("streaming-jvm~streaming").at("/lengths/0/rows").intValue()).isEqualTo(64);
  }

  @Test
  void streamingIsItsOwnBaseline() {
    JsonNode plan = cache("streaming-jvm");
    JsonNode baseline = cache("streaming-jvm~streaming");
    for (String suite : List.of("needle", "passkey", "recall", "ppl")) {
      assertThat(baseline.get(suite)).as(suite).isEqualTo(plan.get(suite));
    }
    assertThat(plan.at("/standings/0/beside").textValue()).isEqualTo("streaming-jvm~streaming");
    assertThat(plan.at("/standings/0/worse")).isEmpty();
    assertThat(plan.at("/standings/0/equal").size()).isEqualTo(5);
    assertThat(String.join("\n", report))
        .contains("`streaming-jvm` loses nowhere to sink + recent of equal bytes at 140 tokens");
  }

  @Test
  void textsAreComparedWithTheFullCache() {
    JsonNode full = cache("full").get("ppl");
    JsonNode plan = cache("streaming-jvm").get("ppl");
    assertThat(full.get("positions").intValue()).isEqualTo(LENGTH / 2);
    assertThat(full.get("divergence").doubleValue()).isBetween(0.0, 1e-4);
    assertThat(full.get("agreement").doubleValue()).isGreaterThan(0.95);
    assertThat(full.get("perplexity").doubleValue()).isBetween(1.5, 8.0);
    assertThat(plan.get("divergence").doubleValue())
        .isGreaterThan(2 * full.get("divergence").doubleValue());
    assertThat(json.at("/reference/agreement").doubleValue()).isEqualTo(1);
    assertThat(json.at("/reference/divergence").doubleValue()).isZero();
  }

  @Test
  void reportsAgree() throws IOException {
    for (JsonNode cache : json.get("caches")) {
      for (String suite : List.of("needle", "passkey", "recall")) {
        String prefix = suite + "," + cache.get("name").textValue() + ",";
        List<String> lines = predictions.stream().filter(line -> line.startsWith(prefix)).toList();
        long right = lines.stream().filter(line -> line.contains(",true,")).count();
        assertThat(lines).hasSize(cache.at("/" + suite + "/questions").intValue());
        assertThat(right).isEqualTo(cache.at("/" + suite + "/correct").longValue());
      }
    }
    assertThat(report).anyMatch(line -> line.matches("\\| `full` +\\| +\\S+ \\| +[12]/2 \\|.*"));
    JsonNode written = Json.parse(Files.readString(out.resolve("metrics.json")));
    assertThat(written.get("caches")).isEqualTo(json.get("caches"));
    assertThat(written.get("kind").textValue()).isEqualTo("kvasir eval");
    for (JsonNode file : written.get("files")) {
      assertThat(out.resolve(file.textValue())).isNotEmptyFile();
    }
    BufferedImage picture = ImageIO.read(out.resolve("needle-streaming-jvm.png").toFile());
    assertThat(picture.getWidth()).isGreaterThan(600);
  }

  @Test
  void aBaselineIsMeasuredOrSaidToBeMissing() {
    for (Baseline baseline : Baseline.values()) {
      String text = EvalReport.unavailable(baseline);
      boolean missing = !baseline.available();
      assertThat(err.contains(text)).as(text).isEqualTo(missing);
      assertThat(String.join("\n", report).contains(text)).as(text).isEqualTo(missing);
      assertThat(json.get("unavailable").findValuesAsText("baseline").contains(baseline.toString()))
          .isEqualTo(missing);
    }
  }

  @Test
  void policiesAreCompiledAndOldPicturesRemoved() throws IOException {
    Path again = folder.resolve("again");
    CommandRun run =
        eval(
            "--policy=full",
            "--model",
            CommandRun.SAMPLE,
            "--suite=needle",
            "--query-aware",
            "--max-context=64",
            "--out",
            again);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .contains("| cache  | bytes at 60 | needle |", "| `full` |")
        .endsWith("wrote    %s  (4 files)\n".formatted(again));
    assertThat(again.resolve("needle-full.png")).exists();
    assertThat(Files.readString(again.resolve("report.md")))
        .contains("query-aware: the question is read together with the context");

    Path other = Files.writeString(again.resolve("other.png"), "somebody else's");
    CommandRun texts =
        eval(streaming, "--model", CommandRun.SAMPLE, "--suite=recall", "--out", again, "--seed=5");
    assertThat(texts.status()).as(texts.err()).isZero();
    assertThat(again.resolve("needle-full.png")).doesNotExist();
    assertThat(again.resolve("recall-streaming-jvm.png")).exists();
    assertThat(other).exists();
  }

  static Stream<Arguments> mistakes() throws IOException {
    Path foreign = Files.createDirectories(folder.resolve("foreign"));
    Files.writeString(foreign.resolve("thesis.txt"), "text");
    Path empty = Files.writeString(folder.resolve("empty.txt"), "");
    Path file = Files.writeString(folder.resolve("file"), "text");
    Path fresh = folder.resolve("fresh");
    return Stream.of(
        mistake(2, "expected a folder that eval wrote, got one with other files", "--out", foreign),
        mistake(2, "expected a folder, got a file", "--out", file),
        mistake(
            2,
            "Length 257 is too long: %s holds 256 tokens"
                .formatted(folder.resolve("streaming-jvm.kvplan")),
            "--lengths=257"),
        mistake(2, "Length 18 is too short for needle, which needs 19", "--lengths=18,19"),
        mistake(2, "--keys must be at most 64, got 65", "--keys=65"),
        mistake(2, "--samples must be at most 10000, got 10001", "--samples=10001"),
        mistake(2, "expected whole numbers from 0 to 100", "--depths=101"),
        mistake(2, "expected whole numbers from 1 to", "--lengths=64,x"),
        mistake(2, "expected one of needle, passkey, recall, ppl, got 'niah'", "--suite=niah"),
        mistake(2, "expected one of full, streaming, random, none", "--baselines=sink"),
        mistake(2, "none goes alone", "--baselines=none,full"),
        mistake(2, "expected one of auto, bracketed, english", "--prompt-format=chat"),
        mistake(2, "--text must have at least one character", "--text", empty),
        mistake(2, "the text cannot be read: there is no such file", "--text", fresh),
        mistake(
            2,
            "Length 60 is too long for ppl: the text has 4 tokens",
            "--suite=ppl",
            "--text",
            file),
        mistake(2, "different targets", compile("full", "tornado")),
        mistake(3, "error[KV6007]", folder.resolve("nowhere.kvplan")),
        mistake(3, "error[KV1008]", "--policy=fulll"));
  }

  private static Arguments mistake(int status, String message, Object... arguments) {
    return Arguments.of(status, message, List.of(arguments));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void mistakesAreLocatedBeforeAnythingIsWritten(
      int status, String message, List<Object> arguments) {
    Path fresh = folder.resolve("fresh");
    List<Object> words = new ArrayList<>(List.of(streaming, "--model", CommandRun.SAMPLE));
    if (!arguments.contains("--out")) {
      words.addAll(List.of("--out", fresh));
    }
    words.addAll(arguments);

    CommandRun run = eval(words.toArray());

    assertThat(run.err()).contains(message);
    assertThat(run.status()).as(run.err()).isEqualTo(status);
    assertThat(run.out()).isEmpty();
    assertThat(fresh).doesNotExist();
  }

  @Test
  void somethingMustBeMeasured() {
    CommandRun nothing = eval("--out", folder.resolve("fresh"));
    CommandRun noModel = eval("--policy=full", "--out", folder.resolve("fresh"));

    assertThat(nothing.err()).contains("Nothing to measure: give plan files, or --policy");
    assertThat(nothing.status()).isEqualTo(2);
    assertThat(noModel.err()).contains("Missing model: name its folder with --model");
    assertThat(noModel.status()).isEqualTo(2);
  }
}
