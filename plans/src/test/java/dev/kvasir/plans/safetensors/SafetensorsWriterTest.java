package dev.kvasir.plans.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {

  @Test
  void bytesThatAreMadeWhileWritingAreThoseOfATensor() throws SafetensorsException {
    int elements = (1 << 20) + 77;
    int[] values = new int[elements];
    Arrays.setAll(values, index -> index * 31 + 7);
    byte[] whole = new SafetensorsWriter().addInts("a", values, elements).toBytes();
    SafetensorsWriter made =
        new SafetensorsWriter()
            .add(
                "a",
                SafetensorsType.I32,
                List.of((long) elements),
                (offset, chunk) -> {
                  for (int index = (int) (offset / 4); chunk.hasRemaining(); index++) {
                    chunk.putInt(index * 31 + 7);
                  }
                });
    assertThat(made.toBytes()).isEqualTo(whole).isEqualTo(made.toBytes());
    assertThatThrownBy(() -> made.add("a", SafetensorsType.U8, List.of(1L), (_, _) -> {}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                new SafetensorsWriter()
                    .add("b", SafetensorsType.U8, List.of(1L), (_, _) -> {})
                    .toBytes())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theBytesAreTheFormat() {
    byte[] bytes =
        new SafetensorsWriter()
            .addBytes("b", new byte[] {1, 2, 3}, 3)
            .addInts("a", new int[] {-1}, 1)
            .metadata("k", "v")
            .toBytes();

    String header =
        "{\"__metadata__\":{\"k\":\"v\"},"
            + "\"a\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[4,7]}}";
    int padded = Math.ceilDiv(header.length(), 8) * 8;
    byte[] expected = RawFile.of(header + " ".repeat(padded - header.length()), 7);
    System.arraycopy(new byte[] {-1, -1, -1, -1, 1, 2, 3}, 0, expected, expected.length - 7, 7);
    assertThat(bytes).isEqualTo(expected);
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 50; round++) {
      List<SafetensorsTensor> tensors = new ArrayList<>();
      for (int i = 0; i < 1 + random.nextInt(12); i++) {
        tensors.add(randomTensor("tensor \"" + i + "\u00e9\ud83d\ude00", random));
      }
      byte[] bytes = write(tensors);
      SafetensorsFile file = RawFile.read(bytes);

      assertThat(file.names()).as("seed %d", seed).hasSize(tensors.size());
      for (SafetensorsTensor tensor : tensors) {
        SafetensorsTensor read = file.tensor(tensor.name()).orElseThrow();
        assertThat(read.type()).as("seed %d", seed).isEqualTo(tensor.type());
        assertThat(read.shape()).as("seed %d", seed).isEqualTo(tensor.shape());
        assertThat(read.data().mismatch(tensor.data())).as("seed %d", seed).isEqualTo(-1);
      }
      Collections.shuffle(tensors, random);
      assertThat(write(tensors)).as("seed %d", seed).isEqualTo(bytes);
    }
  }

  @Test
  void everyTensorIsAligned(@TempDir Path folder) throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    SafetensorsWriter writer = new SafetensorsWriter();
    for (int i = 0; i < 40; i++) {
      writer.add(randomTensor("t" + i, random));
    }
    Path path = folder.resolve("aligned.safetensors");
    writer.write(path);
    try (Arena arena = Arena.ofConfined()) {
      assertThat(SafetensorsFile.open(path, arena).tensors().values())
          .as("seed %d", seed)
          .hasSize(40)
          .allMatch(SafetensorsTensor::aligned);
    }
  }

  @Test
  void tensorsLargerThanAChunkSurvive() throws IOException {
    float[] values = new float[600_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    byte[] bytes = new SafetensorsWriter().addFloats("large", values, 2, 300_000).toBytes();
    assertThat(RawFile.read(bytes).tensor("large").orElseThrow().toFloats()).isEqualTo(values);
  }

  @Test
  void writingReplacesAFileAndLeavesNothingElse(@TempDir Path folder) throws IOException {
    Path path = folder.resolve("trace.safetensors");
    Files.writeString(path, "old", StandardCharsets.UTF_8);
    SafetensorsWriter writer = new SafetensorsWriter().addFloats("x", new float[] {1}, 1);
    writer.write(path);

    assertThat(Files.readAllBytes(path)).isEqualTo(writer.toBytes());
    assertThat(filesIn(folder)).containsExactly(path);
  }

  @Test
  void aFailedWriteLeavesNothing(@TempDir Path folder) throws IOException {
    Path occupied = Files.createDirectory(folder.resolve("occupied"));
    SafetensorsWriter writer = new SafetensorsWriter().addFloats("x", new float[] {1}, 1);

    assertThatThrownBy(() -> writer.write(occupied)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> writer.write(folder.resolve("none").resolve("x")))
        .isInstanceOf(IOException.class);
    assertThat(filesIn(folder)).containsExactly(occupied);
  }

  @Test
  void refusesNamesThatAreTakenAndShapesThatDoNotFit() {
    SafetensorsWriter writer = new SafetensorsWriter().addFloats("x", new float[] {1}, 1);
    assertThatThrownBy(() -> writer.addFloats("x", new float[] {1}, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> writer.addFloats("__metadata__", new float[] {1}, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> writer.addFloats("y", new float[] {1, 2}, 3))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static byte[] write(List<SafetensorsTensor> tensors) {
    SafetensorsWriter writer = new SafetensorsWriter();
    tensors.forEach(writer::add);
    return writer.toBytes();
  }

  private static SafetensorsTensor randomTensor(String name, Random random) {
    List<SafetensorsType> types = List.of(SafetensorsType.values());
    SafetensorsType type = types.get(random.nextInt(types.size()));
    List<Long> shape = new ArrayList<>();
    int elements = 1;
    for (int axis = random.nextInt(4); axis > 0; axis--) {
      int extent = random.nextInt(6);
      shape.add((long) extent);
      elements *= extent;
    }
    byte[] data = new byte[elements * type.bytes()];
    random.nextBytes(data);
    return new SafetensorsTensor(name, type, shape, MemorySegment.ofArray(data));
  }

  private static List<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
