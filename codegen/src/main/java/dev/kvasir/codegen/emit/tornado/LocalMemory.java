package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.util.ArrayList;
import java.util.List;

/** The arrays in local memory: one for each tile, and scratch for reductions that need it. */
final class LocalMemory {

  /** Local memory that every device TornadoVM supports has for a work-group. */
  static final int LIMIT = 48 * 1024;

  /** Partial results of a reduction, one for each thread. Names of tiles start with a letter. */
  static final String FLOAT_SCRATCH = "_values";

  /** Where each partial result of an argmax lies. */
  static final String INT_SCRATCH = "_indices";

  /** One array. */
  record Array(String name, Kernel.TileType type, int size) {}

  private final List<Array> arrays = new ArrayList<>();

  private LocalMemory() {}

  /**
   * Lays out the local memory of {@code kernel}.
   *
   * @throws TornadoUnsupportedException when it exceeds {@link #LIMIT}
   */
  static LocalMemory of(Kernel kernel) {
    LocalMemory memory = new LocalMemory();
    for (Kernel.Tile tile : kernel.tiles()) {
      memory.arrays.add(new Array(tile.name(), tile.type(), tile.size()));
    }
    memory.addScratch(kernel, kernel.body());
    long bytes = memory.longBytes();
    if (bytes > LIMIT) {
      throw new TornadoUnsupportedException(
          TornadoUnsupportedException.Reason.LOCAL_MEMORY,
          kernel.name(),
          "its tiles take %d bytes of local memory, a work-group has %d".formatted(bytes, LIMIT),
          "use smaller tiles");
    }
    return memory;
  }

  private void addScratch(Kernel kernel, List<Statement> statements) {
    for (Statement statement : statements) {
      switch (statement) {
        case Statement.Reduce reduce -> {
          ReduceShape shape = ReduceShape.of(kernel, reduce);
          if (shape.isTree()) {
            add(new Array(FLOAT_SCRATCH, Kernel.TileType.F32, TornadoKernelAbi.THREADS));
            if (reduce.operator() == Statement.ReduceOperator.ARGMAX) {
              add(new Array(INT_SCRATCH, Kernel.TileType.I32, TornadoKernelAbi.THREADS));
            }
          }
        }
        case Statement.For loop -> addScratch(kernel, loop.body());
        case Statement.If choice -> {
          addScratch(kernel, choice.whenTrue());
          addScratch(kernel, choice.whenFalse());
        }
        case Statement.Let _ -> {}
        case Statement.Load _ -> {}
        case Statement.Store _ -> {}
        case Statement.Map _ -> {}
        case Statement.DotNT _ -> {}
        case Statement.DotNN _ -> {}
      }
    }
  }

  private void add(Array array) {
    if (!arrays.contains(array)) {
      arrays.add(array);
    }
  }

  List<Array> arrays() {
    return List.copyOf(arrays);
  }

  /** {@return local memory of a work-group} */
  int bytes() {
    return Math.toIntExact(longBytes());
  }

  private long longBytes() {
    return arrays.stream().mapToLong(array -> (long) array.size() * Integer.BYTES).sum();
  }
}
