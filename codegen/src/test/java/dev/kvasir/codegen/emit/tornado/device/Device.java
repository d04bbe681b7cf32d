package dev.kvasir.codegen.emit.tornado.device;

import dev.kvasir.codegen.emit.tornado.TornadoKernel;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Runs kernels, one work-group after the other, everything checked. */
public final class Device {

  private final long seed;
  private final int barrierLeftOut;

  private Device(long seed, int barrierLeftOut) {
    this.seed = seed;
    this.barrierLeftOut = barrierLeftOut;
  }

  /** {@return a device whose threads take turns in an order drawn from {@code seed}} */
  public static Device of(long seed) {
    return new Device(seed, -1);
  }

  /** {@return a device that ignores one barrier of each kernel, counted in code order} */
  public Device without(int barrier) {
    return new Device(seed, barrier);
  }

  /** {@return the barriers of a kernel, by method name, in code order} */
  public static List<String> barriers(TornadoKernel kernel) {
    return KernelClass.barriers(kernel.classFile(), TornadoKernelAbi.methodName(kernel.name()));
  }

  /**
   * Runs a kernel.
   *
   * @param dims launch arguments, [sequence][dim]
   * @param arrays one of TornadoVM's arrays for each buffer, in the kernel's order
   * @param grid extents of the axes
   * @throws DeviceException when the kernel does what no device defines
   */
  public void run(TornadoKernel kernel, int[][] dims, List<Object> arrays, int[] grid) {
    run(kernel, dims, arrays, grid, grid);
  }

  /**
   * As {@link #run(TornadoKernel, int[][], List, int[])} on more groups than the grid has.
   *
   * @param groups groups along each axis, at least its extent
   */
  public void run(
      TornadoKernel kernel, int[][] dims, List<Object> arrays, int[] grid, int[] groups) {
    // Launches of other kernels lie around this one's.
    int place = Math.floorMod(seed, 5);
    IntStream.Builder values = IntStream.builder();
    for (int i = 0; i < place; i++) {
      values.add(Integer.MIN_VALUE);
    }
    Arrays.stream(extents(grid)).forEach(values::add);
    Arrays.stream(dims).flatMapToInt(Arrays::stream).forEach(values::add);
    List<Object> arguments = new ArrayList<>();
    arguments.add("context");
    arguments.add(new IntArray("launches", values.build().toArray()));
    arguments.add(new IntArray("place", place));
    arguments.addAll(arrays);
    run(
        kernel.classFile(),
        TornadoKernelAbi.methodName(kernel.name()),
        TornadoKernelAbi.THREADS,
        arguments.toArray(),
        groups);
  }

  private static int[] extents(int[] grid) {
    int[] extents = {1, 1, 1};
    System.arraycopy(grid, 0, extents, 0, grid.length);
    return extents;
  }

  /**
   * Runs a method.
   *
   * @param arguments of the method; the first is replaced by each thread's context
   */
  public void run(
      byte[] classFile, String methodName, int threads, Object[] arguments, int[] grid) {
    Method method = KernelClass.load(classFile, methodName, barrierLeftOut);
    Launch launch = new Launch();
    RandomGenerator seeds = new Random(seed);
    int[] extents = extents(grid);
    int number = 0;
    for (int x = 0; x < extents[0]; x++) {
      for (int y = 0; y < extents[1]; y++) {
        for (int z = 0; z < extents[2]; z++) {
          WorkGroup group =
              new WorkGroup(
                  launch, number++, new int[] {x, y, z}, threads, new Random(seeds.nextLong()));
          try {
            group.run(item -> invoke(method, arguments, item));
          } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interruption);
          }
        }
      }
    }
  }

  private static void invoke(Method method, Object[] arguments, WorkItem item) {
    Object[] own = arguments.clone();
    own[0] = new KernelContext(item);
    try {
      method.invoke(null, own);
    } catch (IllegalAccessException problem) {
      throw new IllegalStateException(problem);
    } catch (InvocationTargetException problem) {
      switch (problem.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(problem);
      }
    }
  }
}
