package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists and mixed rows of folds, interpreted and lowered, against the definition of a fold. */
class FoldKernelsTest {

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, 2",
    "4, 3, 4, 3, 7",
    "64, 64, 32, 1, 128",
    "65, 13, 1, 2, 129",
    "100, 40, 63, 2, 333",
    "128, 1, 128, 1, 128"
  })
  void listsRows(int slots, int block, int mixed, int heads, int candidates) {
    FoldFixture fixture =
        new FoldFixture(random, new Fold(slots, block, 1, mixed), heads, candidates);
    Kernel kernel = FoldLists.build("fold_lists", fixture.shape());
    int[][] dims = fixture.dims(kernel, 0);
    Map<String, KernelMemory> interpreted = fixture.toList();
    KernelInterpreter.run(kernel, interpreted, dims, fixture.heads());
    fixture.requireLists("seed %d, interpreted".formatted(seed), interpreted);
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, KernelMemory> memories = fixture.toList();
      JvmKernelRunner.run(kernel, bits, memories, dims, fixture.heads());
      fixture.requireLists("seed %d, bits %d".formatted(seed, bits), memories);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, 1, 2, 1",
    "4, 3, 3, 4, 3, 7, 3",
    "16, 64, 21, 9, 2, 64, 9",
    "20, 13, 5, 7, 2, 130, 4",
    "12, 40, 127, 12, 1, 65, 12"
  })
  void mixesRows(int slots, int block, int taps, int mixed, int heads, int candidates, int tile) {
    FoldFixture fixture =
        new FoldFixture(random, new Fold(slots, block, taps, mixed), heads, candidates);
    mix(fixture, tile, 0, mixed / tile);
    if (mixed % tile > 0) {
      mix(fixture, mixed % tile, mixed / tile * tile, 1);
    }
  }

  private void mix(FoldFixture fixture, int tile, int firstSlot, int tiles) {
    Kernel columns = RestRows.columns("rest_columns", fixture.shape());
    Kernel kernel = FoldRows.build("fold_rows", fixture.shape(), tile);
    int[][] none = fixture.dims(columns, 0);
    int[][] dims = fixture.dims(kernel, firstSlot);
    int[] grid = {1, fixture.heads()[1], tiles};
    int end = firstSlot + tiles * tile;
    Map<String, KernelMemory> interpreted = fixture.toColumns();
    KernelInterpreter.run(columns, interpreted, none, fixture.blocks());
    interpreted = fixture.toFold(interpreted);
    KernelInterpreter.run(kernel, interpreted, dims, grid);
    fixture.requireMixed("seed %d, interpreted".formatted(seed), interpreted, firstSlot, end);
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, KernelMemory> memories = fixture.toColumns();
      JvmKernelRunner.run(columns, bits, memories, none, fixture.blocks());
      memories = fixture.toFold(memories);
      JvmKernelRunner.run(kernel, bits, memories, dims, grid);
      fixture.requireMixed("seed %d, bits %d".formatted(seed, bits), memories, firstSlot, end);
    }
  }
}
