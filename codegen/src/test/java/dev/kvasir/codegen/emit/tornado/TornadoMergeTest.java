package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.skeleton.MergeFixture;
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
    fixture.run(
        (kernel, memories, dims, grid) -> {
          Map<String, KernelMemory> own = new HashMap<>(memories);
          own.keySet()
              .removeIf(
                  name ->
                      kernel.buffers().stream().noneMatch(buffer -> buffer.name().equals(name)));
          new TwinRun(kernel)
              .memories(own)
              .agree("seed %d, %s".formatted(seed, kernel.name()), device, dims, grid);
        });
    fixture.check("seed " + seed);
  }
}
