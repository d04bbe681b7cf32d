package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelChecksTest {

  @TempDir private Path folder;

  @Test
  void aWrongResultNamesTheKernel() throws IOException {
    assertFails("score.out.logits", bytes -> bytes.putFloat(8, 7), "score", "relative L2 error");
  }

  @Test
  void aSmallRelativeErrorPasses() throws IOException {
    Plan plan =
        changed("score.out.logits", bytes -> bytes.putFloat(8, bytes.getFloat(8) * (1 + 2e-6f)));
    assertThatCode(() -> load(plan).close()).doesNotThrowAnyException();
  }

  @Test
  void anElementThatMustStayIsChecked() throws IOException {
    assertFails(
        "score.out.logits", bytes -> bytes.putFloat(0, Float.NaN), "score", "expected unchanged");
    assertFails(
        "largest.out.next",
        bytes -> bytes.putInt(0, Integer.MIN_VALUE),
        "largest",
        "next[0]: expected unchanged, got 1");
  }

  @Test
  void anElementThatWasNotWrittenIsChecked() throws IOException {
    assertFails("embed.out.x", bytes -> bytes.putFloat(17 * 4, 1), "embed", "x[17]: expected 1.0");
    assertFails(
        "append_bf16.out.pool",
        bytes -> bytes.putShort(0, (short) 0),
        "append_bf16",
        "pool[0]: expected 0.0, got NaN");
  }

  @Test
  void integersMustBeEqual() throws IOException {
    assertFails(
        "largest.out.next", bytes -> bytes.putInt(0, 3), "largest", "next[0]: expected 3, got 1");
  }

  @Test
  void halvesMayDifferByOneUnit() throws IOException {
    Plan near =
        changed(
            "append_bf16.out.pool", bytes -> bytes.putShort(4, (short) (bytes.getShort(4) + 1)));
    assertThatCode(() -> load(near).close()).doesNotThrowAnyException();
    assertFails(
        "append_bf16.out.pool",
        bytes -> bytes.putShort(4, (short) (bytes.getShort(4) + 2)),
        "append_bf16",
        "pool[2]");
  }

  @Test
  void aKernelThatThrowsIsNamed() throws IOException {
    assertFails("embed.in.tokens", bytes -> bytes.putInt(0, 254), "embed", "Index -254");
  }

  @Test
  void kernelsAreCheckedOnceForEachMachine() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    VerifiedKernels verified = new VerifiedKernels(ToyRuntime.options(folder).cacheFolder());
    String key = VerifiedKernels.key(plan, "kernels/jvm/128/", "128 bits");
    assertThat(verified.contains(key)).isFalse();
    LoadedModel.load(plan, folder.resolve("model"), ToyRuntime.options(folder).vectorBits(128))
        .close();
    assertThat(verified.contains(key)).isTrue();
    assertThat(verified.contains(VerifiedKernels.key(plan, "kernels/jvm/256/", "256 bits")))
        .isFalse();
    Path cache = folder.resolve("cache");
    if (cache.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(cache)))
          .isEqualTo("rwx------");
    }
  }

  @Test
  void aDamagedOrUnwritableCacheIsNoError() throws IOException {
    Path cache = Files.createDirectories(folder.resolve("cache"));
    Files.write(cache.resolve("verified-kernels"), new byte[] {0, (byte) 0xff, '\n', 'a'});
    Plan plan = ToyRuntime.plan(folder);
    load(plan).close();
    assertThat(Files.readAllLines(cache.resolve("verified-kernels"))).hasSize(1);
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    LoadOptions blocked = ToyRuntime.options(folder).cacheFolder(file.resolve("cache"));
    assertThatCode(() -> LoadedModel.load(plan, folder.resolve("model"), blocked).close())
        .doesNotThrowAnyException();
  }

  private LoadedModel load(Plan plan) throws IOException {
    return LoadedModel.load(plan, folder.resolve("model"), ToyRuntime.options(folder));
  }

  private void assertFails(
      String tensor, Consumer<ByteBuffer> change, String kernel, String problem)
      throws IOException {
    Plan plan = changed(tensor, change);
    assertThatThrownBy(() -> load(plan))
        .isInstanceOfSatisfying(
            VerificationException.class,
            e -> {
              assertThat(e.kernel()).isEqualTo(kernel);
              assertThat(e.code().category().exitStatus()).isEqualTo(6);
            })
        .hasMessageContaining("kernel " + kernel + " fails its check")
        .hasMessageContaining(problem);
  }

  private Plan changed(String name, Consumer<ByteBuffer> change) throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    byte[] file = plan.files().getOrDefault(PlanFormat.CHECKS, new byte[0]);
    SafetensorsFile vectors = SafetensorsFile.of(name, MemorySegment.ofArray(file));
    SafetensorsWriter writer = new SafetensorsWriter();
    for (SafetensorsTensor tensor : vectors.tensors().values()) {
      if (tensor.name().equals(name)) {
        byte[] bytes = tensor.data().toArray(ValueLayout.JAVA_BYTE);
        change.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        SafetensorsType type = tensor.type();
        writer.add(new SafetensorsTensor(name, type, tensor.shape(), MemorySegment.ofArray(bytes)));
      } else {
        writer.add(tensor);
      }
    }
    return LoadedModelTest.withFile(plan, PlanFormat.CHECKS, writer.toBytes());
  }
}
