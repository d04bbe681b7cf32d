package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.skeleton.ChosenMergeFixture;
import dev.kvasir.codegen.skeleton.MergeFixture;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Merges on the device. */
final class TornadoMergeTest {

  private final long seed = new Random().nextLong();
  private final Device device = Device.of(seed);

  @ParameterizedTest
  @CsvSource({"f32, 32, 0.6, 20, 40, 13, 30", "f16, 64, 0.5, 5, 100, 37, 0"})
  void merges(String format, int dim, double t, double retain, int from, int inTail, int inSpan) {
    MergeFixture fixture =
        new MergeFixture(
            new Random(seed),
            ElementFormat.ofText(format),
            dim,
            dim,
            t,
            retain,
            from,
            inTail,
            inSpan);
    fixture.run(this::agree);
    fixture.check("seed " + seed);
  }

  @ParameterizedTest
  @CsvSource({"f32, 32, 0.6, 20, true, 70, 13, 30", "f16, 64, 0.5, 12.345679, false, 100, 37, 0"})
  void mergesChosenRows(
      String format,
      int dim,
      double t,
      double retain,
      boolean perHead,
      int kept,
      int tail,
      int span) {
    ElementFormat elements = ElementFormat.ofText(format);
    ChosenMergeFixture fixture =
        new ChosenMergeFixture(
            new Random(seed), elements, dim, dim, t, retain, perHead, kept, tail, span);
    fixture.run(this::agree);
    fixture.check("seed " + seed);
  }

  private void agree(Kernel kernel, Map<String, KernelMemory> memories, int[][] dims, int[] grid) {
    Map<String, KernelMemory> own = new HashMap<>(memories);
    own.keySet()
        .removeIf(
            name -> kernel.buffers().stream().noneMatch(buffer -> buffer.name().equals(name)));
    new TwinRun(kernel)
        .memories(own)
        .agree("seed %d, %s".formatted(seed, kernel.name()), device, dims, grid);
  }
}
