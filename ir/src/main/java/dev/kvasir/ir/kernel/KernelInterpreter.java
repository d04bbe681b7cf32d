package dev.kvasir.ir.kernel;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Runs a kernel slowly, one grid point after the other, with everything checked: the oracle for
 * every lowering.
 *
 * <p>Pointwise expressions, reductions and contractions are computed in double precision and
 * rounded to f32 where a tile takes them, to the buffer's format where a buffer does. A floating
 * element that nothing ever wrote reads as NaN, as does a function outside its domain, so whatever
 * depends on it shows; what a select discards, or a guarded contraction skips, does not.
 *
 * <p>An error is: leaving a buffer or a block; reading an i32 element that nothing wrote; overflow
 * of integers; a divisor below 1; argmax over NaN; a scatter of two columns to one element; and, as
 * grid points run in any order, touching an element that another grid point of the same launch
 * writes.
 */
public final class KernelInterpreter {

  private KernelInterpreter() {}

  /**
   * Runs all grid points in ascending order, the last axis fastest.
   *
   * @param kernel verified before it runs
   * @param buffers a memory of the right format for each buffer of the kernel, by name; one memory
   *     may serve several buffers
   * @param dims arguments of each sequence, [sequence][dim], in the order of the kernel's dims
   * @param grid extents of the axes; the first is the number of sequences
   * @throws dev.kvasir.ir.diag.CompilerBug when the kernel is ill-formed
   * @throws IllegalArgumentException when the arguments do not fit the kernel
   * @throws KernelInterpreterException when the kernel does what no target defines
   */
  public static void run(
      Kernel kernel, Map<String, KernelMemory> buffers, int[][] dims, int[] grid) {
    GridPoint.Launch launch = launch(kernel, buffers, dims, grid);
    for (int point : points(grid)) {
      run(launch, point);
    }
  }

  /**
   * As {@link #run(Kernel, Map, int[][], int[])}, with the grid points in an order drawn from
   * {@code seed}.
   */
  public static void run(
      Kernel kernel, Map<String, KernelMemory> buffers, int[][] dims, int[] grid, long seed) {
    GridPoint.Launch launch = launch(kernel, buffers, dims, grid);
    List<Integer> points = points(grid);
    Collections.shuffle(points, new Random(seed));
    for (int point : points) {
      run(launch, point);
    }
  }

  private static void run(GridPoint.Launch launch, int number) {
    List<Statement> body = launch.kernel().body();
    if (!body.isEmpty()) {
      new StatementRunner(new GridPoint(launch, number, body.getFirst())).run(body);
    }
  }

  private static List<Integer> points(int[] grid) {
    int count = 1;
    for (int extent : grid) {
      count = Math.multiplyExact(count, extent);
    }
    List<Integer> points = new ArrayList<>(count);
    for (int point = 0; point < count; point++) {
      points.add(point);
    }
    return points;
  }

  private static GridPoint.Launch launch(
      Kernel kernel, Map<String, KernelMemory> buffers, int[][] dims, int[] grid) {
    KernelVerifier.verify(kernel);
    checkGrid(kernel, dims, grid);
    Map<String, LaunchMemory> memories = new HashMap<>();
    IdentityHashMap<KernelMemory, LaunchMemory> shared = new IdentityHashMap<>();
    for (Kernel.Buffer buffer : kernel.buffers()) {
      KernelMemory memory = buffers.get(buffer.name());
      if (memory == null) {
        throw new IllegalArgumentException("buffer " + buffer.name() + " is missing");
      }
      if (memory.format() != buffer.format()) {
        throw new IllegalArgumentException(
            "buffer %s is %s, got %s"
                .formatted(buffer.name(), buffer.format().text(), memory.format().text()));
      }
      LaunchMemory watched = shared.computeIfAbsent(memory, LaunchMemory::new);
      if (buffer.access() != Kernel.Access.READ) {
        watched.watch();
      }
      memories.put(buffer.name(), watched);
    }
    return new GridPoint.Launch(kernel, Map.copyOf(memories), dims, grid);
  }

  private static void checkGrid(Kernel kernel, int[][] dims, int[] grid) {
    if (grid.length != kernel.axes().size()) {
      throw new IllegalArgumentException(
          "grid has %d axes, kernel %s has %d"
              .formatted(grid.length, kernel.name(), kernel.axes().size()));
    }
    for (int extent : grid) {
      if (extent < 0) {
        throw new IllegalArgumentException("grid extent " + extent + " is negative");
      }
    }
    if (dims.length != grid[0]) {
      throw new IllegalArgumentException(
          "%d sequences on the grid, dims of %d".formatted(grid[0], dims.length));
    }
    for (int[] values : dims) {
      if (values.length != kernel.dims().size()) {
        throw new IllegalArgumentException(
            "kernel %s takes %d dims, got %d"
                .formatted(kernel.name(), kernel.dims().size(), values.length));
      }
    }
  }
}
