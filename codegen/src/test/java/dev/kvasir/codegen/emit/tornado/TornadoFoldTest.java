package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.skeleton.FoldFixture;
import dev.kvasir.codegen.skeleton.FoldLists;
import dev.kvasir.codegen.skeleton.FoldRows;
import dev.kvasir.codegen.skeleton.RestRows;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.Fold;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists and mixed rows of folds on the device. */
final class TornadoFoldTest {

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final Device device = Device.of(seed);

  @ParameterizedTest
  @CsvSource({"16, 24, 7, 9, 2, 70, 9", "5, 8, 3, 5, 1, 40, 4"})
  void listsAndMixes(
      int slots, int block, int taps, int mixed, int heads, int candidates, int tile) {
    FoldFixture fixture =
        new FoldFixture(random, new Fold(slots, block, taps, mixed), heads, candidates);
    Kernel lists = FoldLists.build("fold_lists", fixture.shape());
    Map<String, KernelMemory> listed = fixture.toList();
    agree(lists, listed, fixture.dims(lists, 0), fixture.heads());
    fixture.requireLists("seed " + seed, listed);
    Kernel columns = RestRows.columns("rest_columns", fixture.shape());
    Map<String, KernelMemory> memories = fixture.toColumns();
    agree(columns, memories, fixture.dims(columns, 0), fixture.blocks());
    Kernel fold = FoldRows.build("fold_rows", fixture.shape(), tile);
    Map<String, KernelMemory> folded = fixture.toFold(memories);
    folded.keySet().removeIf(name -> !takes(fold, name));
    agree(fold, folded, fixture.dims(fold, 0), new int[] {1, heads, mixed / tile});
    fixture.requireMixed("seed " + seed, folded, 0, mixed / tile * tile);
  }

  private void agree(Kernel kernel, Map<String, KernelMemory> memories, int[][] dims, int[] grid) {
    new TwinRun(kernel)
        .memories(memories)
        .agree("seed %d, %s".formatted(seed, kernel.name()), device, dims, grid);
  }

  private static boolean takes(Kernel kernel, String name) {
    return kernel.buffers().stream().anyMatch(buffer -> buffer.name().equals(name));
  }
}
