package dev.kvasir.benchmarks;

import dev.kvasir.codegen.emit.jvm.JvmLowering;
import dev.kvasir.codegen.emit.jvm.TileFrame;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import jdk.incubator.vector.FloatVector;

/** A generated kernel, compiled for this machine's vectors. */
public final class GridKernel {
  private final Kernel kernel;
  private final Team team;
  private final MethodHandle entry;
  private final float[][] tileFloats;
  private final int[][] tileInts;

  /**
   * What a kernel is launched with, one sequence.
   *
   * @param buffers in the kernel's order
   * @param dims in the kernel's order
   * @param second extent of the grid's second axis
   * @param third extent of the grid's third axis
   */
  public record Launch(MemorySegment[] buffers, int[] dims, int second, int third) {}

  /**
   * Emits and loads a kernel.
   *
   * @param team who runs it
   */
  public GridKernel(Kernel kernel, Team team) {
    this.kernel = kernel;
    this.team = team;
    entry = load(kernel, FloatVector.SPECIES_PREFERRED.vectorBitSize());
    TileFrame frame = new TileFrame(kernel);
    tileFloats = new float[team.threads()][frame.floats()];
    tileInts = new int[team.threads()][frame.ints()];
  }

  private static <T> T named(Map<String, T> all, String name) {
    T found = all.get(name);
    if (found == null) {
      throw new IllegalStateException("the benchmark gives the kernel no " + name);
    }
    return found;
  }

  /**
   * {@return a launch}
   *
   * @param memory buffers by name, more than it needs perhaps
   * @param values its integers by name, more than it needs perhaps
   */
  public Launch launch(
      Map<String, MemorySegment> memory, Map<String, Integer> values, int second, int third) {
    return new Launch(
        kernel.buffers().stream()
            .map(buffer -> named(memory, buffer.name()))
            .toArray(MemorySegment[]::new),
        kernel.dims().stream().mapToInt(dim -> named(values, dim)).toArray(),
        second,
        third);
  }

  /** {@return where an integer is among those of a launch} */
  public int dimension(String name) {
    return kernel.dims().indexOf(name);
  }

  /** Runs all points, each thread a run of neighbours. */
  public void run(Launch launch) {
    int points = launch.second() * launch.third();
    int threads = team.threads();
    team.run(
        part ->
            run(
                launch,
                part,
                Math.toIntExact((long) points * part / threads),
                Math.toIntExact((long) points * (part + 1) / threads)));
  }

  private void run(Launch launch, int part, int first, int end) {
    MemorySegment[] buffers = launch.buffers();
    int[] dims = launch.dims();
    int third = launch.third();
    try {
      for (int point = first; point < end; point++) {
        entry.invokeExact(
            buffers, dims, tileFloats[part], tileInts[part], 0, point / third, point % third);
      }
    } catch (Throwable thrown) {
      throw new IllegalStateException("kernel " + kernel.name() + " failed", thrown);
    }
  }

  private static MethodHandle load(Kernel kernel, int vectorBits) {
    String name = JvmKernelAbi.className(kernel.name(), vectorBits);
    byte[] bytes = JvmLowering.lower(kernel, vectorBits);
    ClassLoader loader =
        new ClassLoader(GridKernel.class.getClassLoader()) {
          @Override
          protected Class<?> findClass(String wanted) throws ClassNotFoundException {
            if (!wanted.equals(name)) {
              throw new ClassNotFoundException(wanted);
            }
            return defineClass(name, bytes, 0, bytes.length);
          }
        };
    try {
      MethodType type =
          MethodType.fromMethodDescriptorString(JvmKernelAbi.ENTRY_DESCRIPTOR, loader);
      return MethodHandles.publicLookup()
          .findStatic(loader.loadClass(name), JvmKernelAbi.ENTRY, type);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the kernel cannot be loaded", e);
    }
  }
}
