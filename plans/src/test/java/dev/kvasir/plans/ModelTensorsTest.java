package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsException.Reason;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights in several files behind an index, sound and hostile. */
class ModelTensorsTest {
  private static final String ONE = "model-00001-of-00002.safetensors";
  private static final String TWO = "model-00002-of-00002.safetensors";

  @TempDir private Path directory;

  @BeforeEach
  void writeModel() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{}", StandardCharsets.UTF_8);
    write(ONE, Map.of("a", 1f, "b", 2f));
    write(TWO, Map.of("c", 3f));
    index("{\"a\": \"%s\", \"b\": \"%s\", \"c\": \"%s\"}".formatted(ONE, ONE, TWO), "12");
  }

  @Test
  void findsEveryTensorInItsFile() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      ModelFiles files = ModelFiles.locate(directory);
      assertThat(files.weights()).containsExactly(directory.resolve(ONE), directory.resolve(TWO));
      ModelTensors tensors = ModelTensors.open(files, arena);
      assertThat(tensors.names()).containsExactly("a", "b", "c");
      assertThat(tensors.tensor("b").orElseThrow().toFloats()).containsExactly(2);
      assertThat(tensors.tensor("c").orElseThrow().toFloats()).containsExactly(3);
      assertThat(tensors.tensor("d")).isEmpty();
    }
  }

  @Test
  void oneFileIsPreferredToAnIndex() throws IOException {
    write("model.safetensors", Map.of("z", 9f));
    try (Arena arena = Arena.ofConfined()) {
      assertThat(ModelTensors.open(ModelFiles.locate(directory), arena).names())
          .containsExactly("z");
    }
  }

  /** Bytes beyond any heap: the file is sparse, and only the pages that are read exist. */
  @Test
  void tensorsAreTheMappedFile() throws IOException {
    long bytes = 6L << 30;
    String header =
        "{\"a\":{\"dtype\":\"BF16\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(bytes / 2, bytes);
    Path file = directory.resolve("model.safetensors");
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(8 + header.length() + bytes);
      large.writeLong(Long.reverseBytes(header.length()));
      large.writeBytes(header);
      large.seek(large.length() - 2);
      large.writeShort(Short.reverseBytes((short) 0x4049));
    }
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file)) {
      long before = used();
      SafetensorsTensor tensor =
          ModelTensors.open(ModelFiles.locate(directory), arena).tensor("a").orElseThrow();
      assertThat(used() - before).isLessThan(64 << 20);
      assertThat(tensor.data().isMapped()).isTrue();
      assertThat(tensor.floatAt(tensor.elements() - 1)).isEqualTo(3.140625f);
      MemorySegment again = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      assertThat(
              tensor.data().asSlice(bytes - 4096).mismatch(again.asSlice(again.byteSize() - 4096)))
          .isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../outside.safetensors",
        "..",
        "/etc/passwd",
        "sub/part.safetensors",
        "sub\\\\part.safetensors",
        ".hidden.safetensors",
        "part.bin",
        "part.safetensors\\u0000",
        "C:part.safetensors",
        ""
      })
  void refusesNamesThatAreNoFileOfTheFolder(String name) throws IOException {
    Files.createDirectories(directory.resolve("sub"));
    write("sub/part.safetensors", Map.of("a", 1f));
    index("{\"a\": \"%s\"}".formatted(name), "4");
    assertThat(refused()).extracting(SafetensorsException::reason).isEqualTo(Reason.BAD_INDEX);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "7",
        "{}",
        "{\"weight_map\": {}}",
        "{\"weight_map\": []}",
        "{\"weight_map\": {\"a\": 7}}",
        "{\"weight_map\": {\"a\": \"x.safetensors\", \"a\": \"y.safetensors\"}}",
        "{\"weight_map\": {\"a\": \"x.safetensors\"}, \"weight_map\": {}}",
        "{\"weight_map\": {\"a\": \"x.safetensors\"}, \"code\": \"import os\"}",
        "{\"weight_map\": {\"a\": \"x.safetensors\"}} {}",
        "{\"metadata\": 7, \"weight_map\": {\"a\": \"x.safetensors\"}}",
        "{\"metadata\": {\"total_size\": -1}, \"weight_map\": {\"a\": \"x.safetensors\"}}",
        "{\"metadata\": {\"total_size\": 1e99}, \"weight_map\": {\"a\": \"x.safetensors\"}}",
        "{\"metadata\": {\"total_size\": 99999999999999999999}, \"weight_map\": {}}"
      })
  void refusesAnIndexOfAnotherForm(String index) throws IOException {
    Files.writeString(directory.resolve("model.safetensors.index.json"), index);
    assertThat(refused()).extracting(SafetensorsException::reason).isEqualTo(Reason.BAD_INDEX);
  }

  @Test
  void refusesFilesThatContradictTheIndex() throws IOException {
    String good = "{\"a\": \"%s\", \"b\": \"%s\", \"c\": \"%s\"}".formatted(ONE, ONE, TWO);
    index(good, "13");
    assertThat(refused()).hasMessageContaining("total_size: expected 12");

    index(good, "12");
    write(TWO, Map.of("c", 3f, "a", 4f));
    assertThat(refused()).hasMessageContaining("tensor a: expected in " + ONE);

    write(TWO, Map.of("c", 3f, "extra", 4f));
    assertThat(refused()).hasMessageContaining("tensor extra: expected only tensors");

    write(TWO, Map.of());
    assertThat(refused()).hasMessageContaining("weight_map.c: expected the tensor in " + TWO);

    Files.delete(directory.resolve(TWO));
    assertThat(
            catchThrowableOfType(ModelFilesException.class, () -> ModelFiles.locate(directory))
                .reason())
        .isEqualTo(ModelFilesException.Reason.NO_SHARD);
  }

  @Test
  void anIndexMayBeSilentAboutItsBytes() throws IOException {
    String map = "{\"a\": \"%s\", \"b\": \"%s\", \"c\": \"%s\"}".formatted(ONE, ONE, TWO);
    for (String metadata : new String[] {"null", "{}", "{\"total_parameters\": [3, {\"x\": 1}]}"}) {
      Files.writeString(
          directory.resolve("model.safetensors.index.json"),
          "{\"metadata\": %s, \"weight_map\": %s}".formatted(metadata, map));
      try (Arena arena = Arena.ofConfined()) {
        assertThat(ModelTensors.open(ModelFiles.locate(directory), arena).names()).hasSize(3);
      }
    }
  }

  @Test
  void theFingerprintCoversEveryFile() throws IOException {
    String first = ModelFingerprint.of(directory).value();
    String full = ModelFingerprint.fullHash(directory);
    write(TWO, Map.of("c", 5f));
    assertThat(ModelFingerprint.of(directory).value()).isEqualTo(first);
    assertThat(ModelFingerprint.fullHash(directory)).isNotEqualTo(full);

    write(TWO, Map.of("d", 3f));
    index("{\"a\": \"%s\", \"b\": \"%s\", \"d\": \"%s\"}".formatted(ONE, ONE, TWO), "12");
    assertThat(ModelFingerprint.of(directory).value()).isNotEqualTo(first);
  }

  @Test
  void damagedIndexesAreRefusedOrRead() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Path index = directory.resolve("model.safetensors.index.json");
    byte[] whole = Files.readAllBytes(index);
    for (int i = 0; i < 3_000; i++) {
      byte[] damaged = whole.clone();
      for (int edit = 0; edit <= random.nextInt(3); edit++) {
        damaged[random.nextInt(damaged.length)] =
            (byte) (random.nextBoolean() ? random.nextInt() : 32 + random.nextInt(96));
      }
      Files.write(index, damaged);
      try (Arena arena = Arena.ofConfined()) {
        assertThat(ModelTensors.open(ModelFiles.locate(directory), arena).names())
            .containsExactly("a", "b", "c");
      } catch (SafetensorsException | ModelFilesException refused) {
        assertThat(refused).hasMessageContaining("expected");
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", round " + i, e);
      }
    }
  }

  private static long used() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private void write(String file, Map<String, Float> scalars) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    new TreeMap<>(scalars).forEach((name, value) -> writer.addFloats(name, new float[] {value}, 1));
    writer.write(directory.resolve(file));
  }

  private void index(String map, String bytes) throws IOException {
    Files.writeString(
        directory.resolve("model.safetensors.index.json"),
        "{\"metadata\": {\"total_size\": %s}, \"weight_map\": %s}".formatted(bytes, map));
  }

  private SafetensorsException refused() {
    SafetensorsException refused =
        catchThrowableOfType(
            SafetensorsException.class,
            () -> {
              try (Arena arena = Arena.ofConfined()) {
                ModelTensors.open(ModelFiles.locate(directory), arena);
              }
            });
    assertThat(refused).isNotNull();
    return refused;
  }
}
