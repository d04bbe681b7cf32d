package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Merges of chosen rows, interpreted and lowered, against their definition. */
class ChosenMergeKernelsTest {

  private final long seed = new Random().nextLong();

  @ParameterizedTest
  @CsvSource({
    "f32, 32, 32, 0.6, 5, false, 100, 20, 70",
    "f32, 64, 16, 0.6, 20, true, 150, 100, 0",
    "f32, 32, 128, 0, 100, true, 64, 30, 100",
    "f32, 16, 32, 1, 0, false, 130, 1, 0",
    "bf16, 128, 128, 0.6, 12.345679, true, 60, 40, 1",
    "f16, 64, 64, 0.25, 50, false, 1, 0, 90"
  })
  void merges(
      String format,
      int keyDim,
      int valueDim,
      double t,
      double retain,
      boolean perHead,
      int kept,
      int tail,
      int span) {
    ElementFormat elements = ElementFormat.ofText(format);
    ChosenMergeFixture interpreted =
        new ChosenMergeFixture(
            new Random(seed), elements, keyDim, valueDim, t, retain, perHead, kept, tail, span);
    interpreted.run(KernelInterpreter::run);
    interpreted.check("seed " + seed);
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      ChosenMergeFixture lowered =
          new ChosenMergeFixture(
              new Random(seed), elements, keyDim, valueDim, t, retain, perHead, kept, tail, span);
      lowered.run(
          (kernel, memories, dims, grid) ->
              JvmKernelRunner.run(kernel, bits, memories, dims, grid));
      lowered.check("seed %d, bits %d".formatted(seed, bits));
    }
  }
}
