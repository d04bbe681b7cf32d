package dev.kvasir.codegen.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.ir.model.WeightType;
import dev.kvasir.plans.ModelFingerprint;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelTest {
  private static final Path NEEDLE = Path.of("..", "samples", "models", "needle");

  @TempDir private Path directory;
  private Path config;
  private Path weights;

  @BeforeEach
  void copyTheSampleModel() throws IOException {
    config = Files.copy(NEEDLE.resolve("config.json"), directory.resolve("config.json"));
    weights =
        Files.copy(NEEDLE.resolve("model.safetensors"), directory.resolve("model.safetensors"));
  }

  @Test
  void opensTheSampleModel() throws IOException {
    try (Model model = Model.open(NEEDLE)) {
      assertThat(model.config().layers()).isEqualTo(4);
      assertThat(model.warnings()).isEmpty();
      assertThat(model.names()).containsExactlyElementsOf(model.names().stream().sorted().toList());
      assertThat(WeightCatalog.expected(model.config()).keySet())
          .containsExactlyInAnyOrderElementsOf(model.names());
      assertThat(model.fingerprint()).isEqualTo(ModelFingerprint.of(NEEDLE).value());
      Weight norm = model.weight(WeightCatalog.FINAL_NORM);
      assertThat(norm.type()).isEqualTo(WeightType.F32);
      assertThat(norm.toFloats()).hasSize(128).doesNotContain(Float.NaN);
    }
  }

  @Test
  void weightsAreGoneOnceClosed() {
    Model model = Model.open(NEEDLE);
    Weight norm = model.weight(WeightCatalog.FINAL_NORM);
    model.close();
    model.close();
    assertThatThrownBy(() -> norm.floatAt(0)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void namesWhatTheDirectoryLacks() throws IOException {
    assertThat(refused(directory.resolve("none")))
        .isEqualTo(
            """
            %s: error[KV3013]: expected a model directory, got none
            note: name the directory that holds the model's config.json and model.safetensors\
            """
                .formatted(directory.resolve("none")));

    Files.delete(weights);
    assertThat(refused(directory)).startsWith(weights + ": error[KV3012]: expected");
    Files.writeString(
        directory.resolve("model.safetensors.index.json"), "{}", StandardCharsets.UTF_8);
    assertThat(refused(directory)).contains("index.json: error[KV3017]: expected a weight_map");
    Files.writeString(
        directory.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"x\": \"part.safetensors\"}}",
        StandardCharsets.UTF_8);
    assertThat(refused(directory))
        .startsWith(directory.resolve("part.safetensors") + ": error[KV3012]: expected");
    Files.delete(config);
    assertThat(refused(directory)).startsWith(config + ": error[KV3001]: expected");
  }

  @Test
  void pointsIntoTheConfig() throws IOException {
    String text = Files.readString(config, StandardCharsets.UTF_8);
    Files.writeString(config, text.replace("LlamaFor", "OtherFor"));
    assertThat(refused(directory)).startsWith(config + ":2:3: error[KV3003]: architectures must");

    Files.write(config, new byte[(1 << 20) + 1]);
    assertThat(refused(directory)).startsWith(config + ": error[KV3002]: expected at most 1048576");
  }

  @Test
  void refusesTruncatedWeights() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
      file.setLength(file.length() - 1);
      assertThat(refused(directory))
          .contains("tensor model.norm.weight: error[KV3011]: expected", "truncated");
      file.setLength(4000);
      assertThat(refused(directory)).startsWith(weights + ": error[KV3009]: expected");
      file.setLength(0);
      assertThat(refused(directory)).startsWith(weights + ": error[KV3009]: expected");
    }
  }

  @Test
  void refusesLyingWeights() throws IOException {
    byte[] whole = Files.readAllBytes(weights);
    byte[] longHeader = whole.clone();
    longHeader[7] = 1;
    Files.write(weights, longHeader);
    assertThat(refused(directory)).startsWith(weights + ": error[KV3010]: expected a header");

    String text = new String(whole, StandardCharsets.ISO_8859_1);
    writeWeights(text.replaceFirst("\"F32\"", "\"F99\""));
    assertThat(refused(directory)).contains("error[KV3008]: expected a dtype", "got F99");

    writeWeights(text.replace("[256, 128]", "[256, 129]"));
    assertThat(refused(directory)).contains("error[KV3011]: expected 132096 bytes");

    Files.write(weights, Arrays.copyOf(whole, whole.length + 1));
    assertThat(refused(directory)).contains("error[KV3011]: expected the data to end");
  }

  @Test
  void refusesWeightsOfAnotherModel() throws IOException {
    String text = Files.readString(config, StandardCharsets.UTF_8);
    Files.writeString(
        config, text.replace("\"intermediate_size\": 256", "\"intermediate_size\": 255"));
    assertThat(codes(directory)).hasSize(12).containsOnly(DiagnosticCode.TENSOR_SHAPE_MISMATCH);

    Files.writeString(config, text.replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 5"));
    assertThat(codes(directory)).hasSize(9).containsOnly(DiagnosticCode.TENSOR_MISSING);
    assertThat(refused(directory))
        .contains(
            weights
                + ": model.layers.4.mlp.down_proj.weight: error[KV3006]: "
                + "expected a tensor of shape [128, 256], got none");
  }

  @Test
  void readsHalvesAndWarnsOfUnusedTensors() throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile file = SafetensorsFile.open(NEEDLE.resolve("model.safetensors"), arena);
      file.tensors().values().forEach(tensor -> writer.add(upperHalves(tensor)));
      writer.addInts("extra.ids", new int[] {1, 2}, 2);
      writer.write(weights);
      try (Model model = Model.open(directory)) {
        assertThat(model.weight(WeightCatalog.FINAL_NORM).type()).isEqualTo(WeightType.BF16);
        float stored = file.tensor(WeightCatalog.FINAL_NORM).orElseThrow().floatAt(5);
        assertThat(model.weight(WeightCatalog.FINAL_NORM).floatAt(5))
            .isEqualTo(Float.intBitsToFloat(Float.floatToIntBits(stored) & 0xFFFF0000));
        assertThat(model.warnings())
            .extracting(Diagnostic::place)
            .containsExactly(weights + ": extra.ids");
      }
    }
  }

  @Test
  void opensTheSampleModelInShards() throws IOException {
    try (Arena arena = Arena.ofConfined();
        Model whole = Model.open(NEEDLE)) {
      SafetensorsFile file = SafetensorsFile.open(NEEDLE.resolve("model.safetensors"), arena);
      List<SafetensorsWriter> shards = List.of(new SafetensorsWriter(), new SafetensorsWriter());
      List<String> map = new ArrayList<>();
      for (String name : file.names()) {
        int shard = map.size() % 2;
        shards.get(shard).add(file.tensor(name).orElseThrow());
        map.add("\"%s\": \"model-%d.safetensors\"".formatted(name, shard));
      }
      for (int shard = 0; shard < 2; shard++) {
        shards.get(shard).write(directory.resolve("model-%d.safetensors".formatted(shard)));
      }
      Files.delete(weights);
      Files.writeString(
          directory.resolve("model.safetensors.index.json"),
          "{\"weight_map\": {" + String.join(", ", map) + "}}");
      try (Model sharded = Model.open(directory)) {
        assertThat(sharded.names()).isEqualTo(whole.names());
        assertThat(sharded.warnings()).isEmpty();
        assertThat(sharded.fingerprint()).isNotEqualTo(whole.fingerprint());
        for (String name : whole.names()) {
          assertThat(sharded.weight(name).toFloats()).isEqualTo(whole.weight(name).toFloats());
        }
      }
    }
  }

  private static SafetensorsTensor upperHalves(SafetensorsTensor tensor) {
    byte[] bytes = new byte[Math.toIntExact(tensor.elements() * Short.BYTES)];
    for (int i = 0; i < tensor.elements(); i++) {
      int bits = Float.floatToIntBits(tensor.floatAt(i));
      bytes[2 * i] = (byte) (bits >> 16);
      bytes[2 * i + 1] = (byte) (bits >> 24);
    }
    return new SafetensorsTensor(
        tensor.name(), SafetensorsType.BF16, tensor.shape(), MemorySegment.ofArray(bytes));
  }

  private void writeWeights(String bytes) throws IOException {
    Files.write(weights, bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static List<DiagnosticCode> codes(Path directory) {
    CompileException refused =
        catchThrowableOfType(CompileException.class, () -> Model.open(directory));
    assertThat(refused).isNotNull();
    return refused.diagnostics().stream().map(Diagnostic::code).toList();
  }

  /** {@return the rendered error; every one of them names what was expected and has a note} */
  private static String refused(Path directory) {
    CompileException refused =
        catchThrowableOfType(CompileException.class, () -> Model.open(directory));
    assertThat(refused).isNotNull();
    assertThat(refused.diagnostics())
        .allSatisfy(diagnostic -> assertThat(diagnostic.notes()).isNotEmpty());
    return String.valueOf(refused.getMessage());
  }
}
