package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Merges, interpreted and lowered, against their definition. */
class MergeKernelsTest {

  private final long seed = new Random().nextLong();

  @ParameterizedTest
  @CsvSource({
    "f32, 32, 32, 0.6, 5, 0, 0, 100",
    "f32, 64, 16, 0.6, 20, 40, 17, 90",
    "f32, 32, 128, 0, 100, 64, 100, 0",
    "f32, 16, 32, 1, 0, 100, 100, 0",
    "bf16, 128, 128, 0.6, 5, 127, 30, 40",
    "bf16, 32, 64, 0.5, 33.3, 70, 99, 0",
    "f16, 64, 64, 0.25, 50, 1, 1, 1"
  })
  void merges(
      String format,
      int keyDim,
      int valueDim,
      double t,
      double retain,
      int from,
      int inTail,
      int inSpan) {
    ElementFormat elements = ElementFormat.ofText(format);
    MergeFixture interpreted =
        new MergeFixture(
            new Random(seed), elements, keyDim, valueDim, t, retain, from, inTail, inSpan);
    interpreted.run(KernelInterpreter::run);
    interpreted.check("seed " + seed);
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      MergeFixture lowered =
          new MergeFixture(
              new Random(seed), elements, keyDim, valueDim, t, retain, from, inTail, inSpan);
      lowered.run(
          (kernel, memories, dims, grid) ->
              JvmKernelRunner.run(kernel, bits, memories, dims, grid));
      lowered.check("seed %d, bits %d".formatted(seed, bits));
    }
  }
}
