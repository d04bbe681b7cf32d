package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvasir.codegen.calibration.CalibrationMethod;
import dev.kvasir.codegen.calibration.ConvCalibration;
import dev.kvasir.codegen.calibration.HeadCalibration;
import dev.kvasir.passes.calibrate.RepeatedTokens;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scores of heads, and what policies make of them. */
final class CalibrateTest {
  private static final int LAYERS = 4;
  private static final int QUERY_HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int DIM = 32;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @TempDir private Path folder;

  /** The weights of a whole softmax over a trace of the same text. */
  @Test
  void inductionIsWhatATraceOfTheTextShows() throws IOException {
    int length = 128;
    Path file = folder.resolve("heads.kvcal");
    CommandRun run =
        CommandRun.of("calibrate", "heads", CommandRun.SAMPLE, "-o", file, "--length", length);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("method   induction, 128 tokens, seed 1, 1 plan")
        .contains("wrote    " + file);
    // The sample was trained to copy needles, not random bytes.
    assertThat(run.err()).contains("note: no head puts more than", "--method ablation");

    int block = length / RepeatedTokens.REPEATS;
    Path trace = trace(RepeatedTokens.of(block, 256, 1));
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile traced = SafetensorsFile.open(trace, arena);
      SafetensorsFile calibrated = SafetensorsFile.open(file, arena);
      float[] induction = floats(calibrated, "induction");
      float[] echo = floats(calibrated, "echo");
      for (int layer = 0; layer < LAYERS; layer++) {
        float[] queries = floats(traced, "layer.%d.step.0.q".formatted(layer));
        float[] keys = floats(traced, "layer.%d.cache.0.k".formatted(layer));
        for (int head = 0; head < KV_HEADS; head++) {
          int index = layer * KV_HEADS + head;
          assertThat((double) echo[index])
              .as("echo of layer %s, head %s", layer, head)
              .isCloseTo(largest(queries, keys, head, length, block, 0), within(1e-6));
          assertThat((double) induction[index])
              .as("induction of layer %s, head %s", layer, head)
              .isCloseTo(largest(queries, keys, head, length, block, 1), within(1e-6));
        }
      }
    }
    HeadCalibration read = HeadCalibration.read(file);
    assertThat(read.method()).isEqualTo(CalibrationMethod.INDUCTION);
    assertThat(read.values())
        .containsExactlyInAnyOrder(1f, 1 / 2f, 1 / 3f, 1 / 4f, 1 / 5f, 1 / 6f, 1 / 7f, 1 / 8f);
  }

  /** On the first layers alone, since each plan that runs takes seconds. */
  @Test
  void ablationLetsLayersStreamOneByOne() throws IOException {
    Path shallow = copy("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 2");
    Path file = folder.resolve("heads.kvcal");

    CommandRun run =
        CommandRun.of(
            "calibrate",
            "heads",
            shallow,
            "-o",
            file,
            "--method=ablation",
            "--criterion=layer",
            "--length=64",
            "--seed=-5",
            "--json");

    assertThat(run.status()).as(run.err()).isZero();
    JsonNode json = Json.parse(run.out());
    assertThat(json.get("plans").intValue()).isEqualTo(2 + 1);
    assertThat(json.get("tokens").intValue()).isGreaterThan(64 + 8 * 10);
    HeadCalibration read = HeadCalibration.read(file);
    assertThat(read.method()).isEqualTo(CalibrationMethod.ABLATION);
    assertThat(read.seed()).hasValue(-5);
    assertThat(read.values()).hasSize(4).allMatch(score -> score > 0);
    assertThat(read.values().get(0)).isEqualTo(read.values().get(1));
    assertThat(read.values().get(2)).isEqualTo(read.values().get(3));
    assertThat(read.values().get(0)).isNotEqualTo(read.values().get(2));
  }

  @Test
  void aPublishedTableIsImportedAndUsed() throws IOException {
    Path table = Files.writeString(folder.resolve("full.tsv"), "1\t0\n.25\t0\n0\t0\n.5\t.75\n");
    Path file = folder.resolve("table.kvcal");

    CommandRun run =
        CommandRun.of("calibrate", "heads", CommandRun.SAMPLE, "-o", file, "--import", table);
    CommandRun explained =
        CommandRun.of("explain", "zigzag", "--model", CommandRun.SAMPLE, "--calibration", file);
    JsonNode compiled =
        Json.parse(
            CommandRun.of(
                    "compile",
                    CommandRun.SAMPLE,
                    "--policy=duo",
                    "--max-context=128",
                    "--json",
                    "--calibration",
                    file,
                    "-o",
                    folder.resolve("x.kvplan"))
                .out());

    assertThat(run.out()).contains("method   imported from " + table);
    assertThat(explained.out())
        .contains("heads    50 % of layers: 0, 3")
        .contains("by " + file + " (imported)")
        .contains(
            "2 whole layers keep 90.0 % of the score, 4 single KV heads of the same bytes 100.0 %")
        .contains("decode launches a step: 4 by layer, 6 by head");
    assertThat(compiled.get("calibration").textValue()).isEqualTo(file + " (imported)");
  }

  @Test
  void explainSaysWhatWholeLayersCost() {
    CommandRun run = CommandRun.of("explain", "duo", "--model", CommandRun.SAMPLE);
    JsonNode json =
        Json.parse(CommandRun.of("explain", "duo", "--json", "--model", CommandRun.SAMPLE).out())
            .at("/choices/0");

    assertThat(run.out())
        .contains("heads    50 % of KV heads: layer 0: 0; 1: 0; 2: 0, 1")
        .contains("heads.kvcal (ablation, seed 1)")
        .contains("2 whole layers keep 75.3 % of the score")
        .contains("4 single KV heads of the same bytes 90.2 %")
        .contains("decode launches a step: 4 by layer, 6 by head");
    assertThat(json.get("heads")).hasSize(4);
    assertThat(json.get("decodeLaunchesByHead").intValue()).isEqualTo(6);
    assertThat(json.get("scoreByLayer").doubleValue())
        .isLessThan(json.get("scoreByHead").doubleValue());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--length=63; 2; error[KV8001]: expected 64 to 2048 tokens for induction",
        "--length=2049; 2; error[KV8001]: expected 64 to 2048 tokens for induction",
        "--length=2048 --method=ablation; 2; the model's context has 2048; give a smaller length",
        "--method=guess; 2; expected one of induction, ablation, got 'guess'",
        "--criterion=layer; 2; --criterion is for --method ablation",
        "--import=x.tsv --seed=3; 2; --import takes scores from a table",
        "--import=none.tsv; 3; none.tsv: error[KV3021]: there is no such file",
        "--seed=x; 2; 'x' is not a long",
        "-o=no/heads.kvcal; 2; "
            + "error[KV8005]: the calibration cannot be written: expected the path of a file"
      })
  void whatCannotBeMeasuredIsRefused(String options, int status, String problem) {
    List<String> words =
        Arrays.stream(options.split(" "))
            .map(word -> word.replace("-o=no", "-o=" + folder.resolve("no")))
            .toList();
    boolean named = options.startsWith("-o");
    Path file = folder.resolve("heads.kvcal");
    Object[] arguments =
        Stream.of(
                List.of("calibrate", "heads", CommandRun.SAMPLE),
                words,
                named ? List.of() : List.of("-o", file))
            .flatMap(List::stream)
            .toArray();

    CommandRun run = CommandRun.of(arguments);

    assertThat(run.err()).contains(problem);
    assertThat(run.status()).isEqualTo(status);
    assertThat(file).doesNotExist();
  }

  @Test
  void makesWeightsOfConvolutions() throws IOException {
    Path file = folder.resolve("conv.kvcal");
    CommandRun run =
        CommandRun.of(
            "calibrate",
            "conv",
            CommandRun.SAMPLE,
            "--init=random",
            "--seed=7",
            "--slots=16",
            "--kernel=3",
            "--keep=75%",
            "--alpha=0.5",
            "-o",
            file);
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains("method   random, seed 7, alpha 0.5")
        .contains("weights  4 layers, 16 slots, 4 of them mixed, kernel 3")
        .contains("wrote    " + file);
    assertThat(ConvCalibration.read(file).describe()).isEqualTo(file + " (random, seed 7)");

    Path policy =
        Files.writeString(
            folder.resolve("fold.kvp"),
            "policy fold { use fuse-kv-conv(slots = 16, block = 8, kernel = 3, keep = 75%); }");
    assertThat(
            CommandRun.of(
                    "policy", "check", policy, "--model", CommandRun.SAMPLE, "--calibration", file)
                .status())
        .isZero();
    CommandRun twice =
        CommandRun.of(
            "policy",
            "check",
            policy,
            "--model",
            CommandRun.SAMPLE,
            "--calibration",
            file,
            "--calibration",
            file);
    assertThat(twice.status()).isEqualTo(2);
    assertThat(twice.err()).contains("are calibrations of one kind").contains("name one of them");
    CommandRun both =
        CommandRun.of(
            "policy",
            "check",
            policy,
            "--model",
            CommandRun.SAMPLE,
            "--calibration",
            file,
            "--calibration",
            CommandRun.SAMPLE.resolve("heads.kvcal"));
    assertThat(both.status()).isZero();
    CommandRun compiled =
        CommandRun.of(
            "compile",
            CommandRun.SAMPLE,
            "--policy",
            policy,
            "--calibration",
            file,
            "--max-context=64",
            "-o",
            folder.resolve("fold.kvplan"));
    assertThat(compiled.out()).contains("folds    by " + file + " (random, seed 7)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--seed=1; 2; Missing required option: '--init=HOW'",
        "--init=xavier; 2; Invalid value for option '--init': expected one of random, got 'xavier'",
        "--init=random --kernel=4; 2; --kernel must be odd and at most 127, got 4",
        "--init=random --slots=8 --keep=99; 2; --keep must leave a slot for mixed rows, 99% of 8",
        "--init=random --keep=101%; 2; expected a share from 0% to 100%, got '101%'",
        "--init=random --alpha=NaN; 2; --alpha must be a finite number, got NaN",
        "--init=random --slots=0; 2; expected a whole number from 1"
      })
  void weightsThatCannotBeMadeAreRefused(String options, int status, String problem) {
    Path file = folder.resolve("conv.kvcal");
    Object[] arguments =
        Stream.of(
                List.of("calibrate", "conv", CommandRun.SAMPLE),
                Arrays.asList(options.split(" ")),
                List.of("-o", file))
            .flatMap(List::stream)
            .toArray();

    CommandRun run = CommandRun.of(arguments);

    assertThat(run.err()).contains(problem);
    assertThat(run.status()).isEqualTo(status);
    assertThat(file).doesNotExist();
  }

  @Test
  void aTableOfAnotherShapeIsPointedAt() throws IOException {
    Path table = Files.writeString(folder.resolve("full.tsv"), "1\t0\n0\t0\t0\n");

    CommandRun run =
        CommandRun.of(
            "calibrate", "heads", CommandRun.SAMPLE, "-o", folder.resolve("x"), "--import", table);

    assertThat(run.err())
        .startsWith(table + ":2:5: error[KV3021]: expected 4 lines of 2 columns")
        .contains("0\t0\t0\n \t \t^");
    assertThat(run.status()).isEqualTo(3);
  }

  @Test
  void aCalibrationOfAnotherModelIsRefusedByEveryVerb() throws IOException {
    Path other = copy("2048", "1024");
    Path measured = CommandRun.SAMPLE.resolve("heads.kvcal");

    assertThat(
            List.of(
                CommandRun.of("compile", other, "--policy=duo", "-o", folder.resolve("x.kvplan")),
                CommandRun.of(
                    "compile", other, "--policy=full", "--calibration", measured, "-o", "x.kvplan"),
                CommandRun.of("explain", "duo", "--model", other),
                CommandRun.of("policy", "check", "zigzag", "--model", other)))
        .allSatisfy(
            run -> {
              assertThat(run.err())
                  .contains("heads.kvcal: error[KV3020]: this calibration is of another model")
                  .contains("note: calibrate this model: kvasir calibrate heads " + other);
              assertThat(run.status()).isEqualTo(3);
            });
    assertThat(CommandRun.of("policy", "check", "duo", "--calibration", measured).err())
        .contains("--calibration is of a model: name it with --model");
    assertThat(CommandRun.of("policy", "check", "duo").status()).isZero();
  }

  /** {@return a copy of the sample model and its calibration with another configuration} */
  private Path copy(String before, String after) throws IOException {
    Path copy = Files.createDirectory(folder.resolve("copy"));
    for (String name : List.of("model.safetensors", "tokenizer_config.json", "heads.kvcal")) {
      Files.copy(CommandRun.SAMPLE.resolve(name), copy.resolve(name));
    }
    String config = Files.readString(CommandRun.SAMPLE.resolve("config.json"));
    assertThat(config).contains(before);
    Files.writeString(copy.resolve("config.json"), config.replace(before, after));
    return copy;
  }

  private Path trace(int[] tokens) throws IOException {
    Path policy =
        Files.writeString(folder.resolve("f32.kvp"), "policy wide { use store-kv(format = f32); }");
    Path plan = folder.resolve("wide.kvplan");
    Path trace = folder.resolve("trace.safetensors");
    assertThat(
            CommandRun.of(
                    "compile",
                    CommandRun.SAMPLE,
                    "--max-context=" + tokens.length,
                    "--policy",
                    policy,
                    "-o",
                    plan)
                .status())
        .isZero();
    String ids = Arrays.stream(tokens).mapToObj(Integer::toString).collect(Collectors.joining(","));
    CommandRun traced =
        CommandRun.of(
            "trace", plan, "--model", CommandRun.SAMPLE, "--prompt-ids", ids, "-o", trace);
    assertThat(traced.status()).as(traced.err()).isZero();
    return trace;
  }

  /** The mean weight on the copy, {@code behind} tokens after it, largest of a group of heads. */
  private static double largest(
      float[] queries, float[] keys, int kvHead, int rows, int block, int behind) {
    int group = QUERY_HEADS / KV_HEADS;
    double largest = 0;
    for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
      double sum = 0;
      for (int row = block; row < rows; row++) {
        double[] weights = new double[row + 1];
        double total = 0;
        for (int key = 0; key <= row; key++) {
          double logit = 0;
          for (int i = 0; i < DIM; i++) {
            logit +=
                (double) queries[(head * rows + row) * DIM + i]
                    * keys[(kvHead * rows + key) * DIM + i];
          }
          weights[key] = Math.exp(logit / Math.sqrt(DIM));
          total += weights[key];
        }
        sum += weights[row - block + behind] / total;
      }
      largest = Math.max(largest, sum / (rows - block));
    }
    return largest;
  }

  private static float[] floats(SafetensorsFile file, String name) {
    return file.tensor(name).orElseThrow().data().toArray(FLOAT);
  }
}
