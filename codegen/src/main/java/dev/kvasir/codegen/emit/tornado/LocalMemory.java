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

  /** Partial results, some for each thread: number, thread. Names of tiles start with a letter. */
  static final String FLOAT_SCRATCH = "_values";

  /** Partial results that are integers, or where each one of an argmax lies. */
  static final String INT_SCRATCH = "_indices";

  /** One array. */
  record Array(String name, Kernel.TileType type, int size) {}

  private static final int RESULT_OF_EACH = TornadoKernelAbi.THREADS * Float.BYTES;

  private final List<Array> arrays = new ArrayList<>();
  private int mostSums;

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
    memory.requireFit(kernel);
    long free = LIMIT - memory.longBytes() + memory.results() * (long) RESULT_OF_EACH;
    memory.mostSums = Math.toIntExact(Math.min(LaneShape.MOST_SUMS, free / RESULT_OF_EACH));
    memory.addSums(kernel, kernel.body());
    return memory;
  }

  private void requireFit(Kernel kernel) {
    if (longBytes() > LIMIT) {
      throw new TornadoUnsupportedException(
          TornadoUnsupportedException.Reason.LOCAL_MEMORY,
          kernel.name(),
          "its tiles take %d bytes of local memory, a work-group has %d"
              .formatted(longBytes(), LIMIT),
          "use smaller tiles, or compile for target jvm");
    }
  }

  /** {@return sums of each thread that scratch has room for, where tiles leave it} */
  int mostSums() {
    return mostSums;
  }

  /** {@return partial results of each thread that scratch holds} */
  private int results() {
    return arrays.stream()
        .filter(array -> array.name().equals(FLOAT_SCRATCH))
        .mapToInt(array -> array.size() / TornadoKernelAbi.THREADS)
        .findAny()
        .orElse(0);
  }

  private void addSums(Kernel kernel, List<Statement> statements) {
    for (Statement statement : statements) {
      switch (statement) {
        case Statement.DotNT dot ->
            LaneShape.of(kernel, dot, mostSums).ifPresent(shape -> addResults(shape.sums()));
        case Statement.For loop -> addSums(kernel, loop.body());
        case Statement.If choice -> {
          addSums(kernel, choice.whenTrue());
          addSums(kernel, choice.whenFalse());
        }
        case Statement.Reduce _ -> {}
        case Statement.Scan _ -> {}
        case Statement.Scatter _ -> {}
        case Statement.Let _ -> {}
        case Statement.Load _ -> {}
        case Statement.Store _ -> {}
        case Statement.Map _ -> {}
        case Statement.DotNN _ -> {}
      }
    }
  }

  private void addResults(int count) {
    if (count > results()) {
      arrays.removeIf(array -> array.name().equals(FLOAT_SCRATCH));
      int size = count * TornadoKernelAbi.THREADS;
      arrays.add(new Array(FLOAT_SCRATCH, Kernel.TileType.F32, size));
    }
  }

  private void addScratch(Kernel kernel, List<Statement> statements) {
    for (Statement statement : statements) {
      switch (statement) {
        case Statement.Reduce reduce -> {
          ReduceShape shape = ReduceShape.of(kernel, reduce);
          if (shape.isTree()) {
            boolean argmax = reduce.operator() == Statement.ReduceOperator.ARGMAX;
            boolean integers = kernel.tile(reduce.tile().tile()).type() == Kernel.TileType.I32;
            if (argmax || !integers) {
              addResults(1);
            }
            if (integers) {
              addIndices();
            }
          }
        }
        case Statement.For loop -> addScratch(kernel, loop.body());
        case Statement.If choice -> {
          addScratch(kernel, choice.whenTrue());
          addScratch(kernel, choice.whenFalse());
        }
        case Statement.Scan _ -> {}
        case Statement.Scatter _ -> {}
        case Statement.Let _ -> {}
        case Statement.Load _ -> {}
        case Statement.Store _ -> {}
        case Statement.Map _ -> {}
        case Statement.DotNT _ -> {}
        case Statement.DotNN _ -> {}
      }
    }
  }

  private void addIndices() {
    Array indices = new Array(INT_SCRATCH, Kernel.TileType.I32, TornadoKernelAbi.THREADS);
    if (!arrays.contains(indices)) {
      arrays.add(indices);
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
