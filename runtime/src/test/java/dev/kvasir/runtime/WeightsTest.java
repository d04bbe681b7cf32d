package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WeightsTest {
  private static final int ELEMENTS = 1 << 30;

  @TempDir private Path folder;

  /** Two GiB of weights, more than the tests' heap: the file is sparse and its end is read. */
  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void halvesAreTheFileAndNoCopy(StorageFormat format) throws IOException {
    Plan toy = ToyRuntime.plan(folder);
    Path model = folder.resolve("model");
    writeSparse(model.resolve("model.safetensors"), format);
    Plan plan =
        new Plan(
            toy.manifest(),
            toy.program(),
            new MemoryPlan(
                List.of(weight("embedding", format, ELEMENTS), weight("logits", format, ELEMENTS)),
                toy.memory().kvBytes(),
                toy.memory().scratchBytes()),
            toy.files());

    try (Arena arena = Arena.ofConfined()) {
      Runtime runtime = Runtime.getRuntime();
      long before = runtime.totalMemory() - runtime.freeMemory();
      Map<String, MemorySegment> buffers = Weights.bind(plan, model, arena);
      long after = runtime.totalMemory() - runtime.freeMemory();

      assertThat(after - before).isLessThan(64 << 20);
      MemorySegment embedding = buffer(buffers, "embedding");
      MemorySegment logits = buffer(buffers, "logits");
      assertThat(embedding.isReadOnly()).isTrue();
      assertThat(embedding.byteSize()).isEqualTo(2L * ELEMENTS);
      assertThat(logits.address()).isEqualTo(embedding.address());
      assertThat(embedding.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * ELEMENTS - 2))
          .isEqualTo((short) 0x4049);
    }
  }

  /** Every bf16, NaN and subnormal numbers included, keeps its bits in front of 16 zeros. */
  @Test
  void halvesAreWidenedForTornadoAlone() throws IOException {
    Plan toy = ToyRuntime.plan(folder);
    Path model = folder.resolve("model");
    int elements = 1 << 16;
    byte[] bits = new byte[2 * elements];
    for (int i = 0; i < elements; i++) {
      bits[2 * i] = (byte) i;
      bits[2 * i + 1] = (byte) (i >> 8);
    }
    String header =
        "{\"table\":{\"dtype\":\"BF16\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(elements, bits.length);
    try (RandomAccessFile file =
        new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
      file.setLength(0);
      file.writeLong(Long.reverseBytes(header.length()));
      file.writeBytes(header);
      file.write(bits);
    }
    MemoryPlan memory =
        new MemoryPlan(
            List.of(weight("wide", StorageFormat.F32, elements)),
            toy.memory().kvBytes(),
            toy.memory().scratchBytes());
    Plan tornado =
        new Plan(forTarget(toy.manifest(), "tornado"), toy.program(), memory, toy.files());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wide = buffer(Weights.bind(tornado, model, arena), "wide");
      assertThat(wide.byteSize()).isEqualTo(4L * elements);
      assertThat(wide.isReadOnly()).isTrue();
      for (int i = 0; i < elements; i++) {
        assertThat(wide.getAtIndex(ValueLayout.JAVA_INT, i)).isEqualTo(i << 16);
      }
      Plan jvm = new Plan(toy.manifest(), toy.program(), memory, toy.files());
      assertThatThrownBy(() -> Weights.bind(jvm, model, arena))
          .hasMessageContaining("error[KV7002]")
          .hasMessageContaining("must have 65536 elements of F32, got 65536 of BF16");
      MemoryPlan longer =
          new MemoryPlan(
              List.of(weight("wide", StorageFormat.F32, elements + 1)),
              toy.memory().kvBytes(),
              toy.memory().scratchBytes());
      Plan wrong = new Plan(tornado.manifest(), toy.program(), longer, toy.files());
      assertThatThrownBy(() -> Weights.bind(wrong, model, arena))
          .hasMessageContaining("must have 65537 elements of F32, got 65536 of BF16");
    }
  }

  private static Manifest forTarget(Manifest manifest, String target) {
    return new Manifest(
        manifest.formatMajor(),
        manifest.formatMinor(),
        manifest.compilerVersion(),
        target,
        manifest.features(),
        manifest.model(),
        manifest.tokenizer(),
        manifest.policy(),
        manifest.context(),
        manifest.span(),
        manifest.pageRows(),
        manifest.tiles());
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "only Linux lists what is mapped")
  void onlyThePlansOwnTensorsAreCopied() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    try (Arena arena = Arena.ofConfined()) {
      Map<String, MemorySegment> buffers = Weights.bind(plan, folder.resolve("model"), arena);
      for (BufferDeclaration buffer : plan.memory().buffers()) {
        switch (buffer.kind()) {
          case WEIGHT -> assertThat(liesInModel(buffer(buffers, buffer.name()))).isTrue();
          case DERIVED -> assertThat(liesInModel(buffer(buffers, buffer.name()))).isFalse();
          case POOL, TABLE, STATE, SCRATCH -> assertThat(buffers).doesNotContainKey(buffer.name());
        }
      }
      assertThat(buffers).isNotEmpty();
    }
  }

  @Test
  void weightsEndWithTheirArena() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    Map<String, MemorySegment> buffers;
    try (Arena arena = Arena.ofConfined()) {
      buffers = Weights.bind(plan, folder.resolve("model"), arena);
    }
    assertThat(buffers.values()).noneMatch(buffer -> buffer.scope().isAlive());
  }

  private boolean liesInModel(MemorySegment buffer) throws IOException {
    String weights = folder.resolve("model/model.safetensors").toRealPath().toString();
    return Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .filter(line -> line.endsWith(weights))
        .map(line -> line.split("[- ]"))
        .anyMatch(
            words ->
                Long.parseUnsignedLong(words[0], 16) <= buffer.address()
                    && buffer.address() < Long.parseUnsignedLong(words[1], 16));
  }

  private static MemorySegment buffer(Map<String, MemorySegment> buffers, String name) {
    return Objects.requireNonNull(buffers.get(name), name);
  }

  private static BufferDeclaration weight(String name, StorageFormat format, int elements) {
    return new BufferDeclaration(
        name,
        BufferDeclaration.Kind.WEIGHT,
        format,
        Expression.constant(elements),
        0,
        0,
        0,
        "table");
  }

  private static void writeSparse(Path file, StorageFormat format) throws IOException {
    long bytes = 2L * ELEMENTS;
    String header =
        "{\"table\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(format.tensorType(), ELEMENTS, bytes);
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(8 + header.length() + bytes);
      large.writeLong(Long.reverseBytes(header.length()));
      large.writeBytes(header);
      large.seek(large.length() - 2);
      large.writeShort(Short.reverseBytes((short) 0x4049));
    }
  }
}
