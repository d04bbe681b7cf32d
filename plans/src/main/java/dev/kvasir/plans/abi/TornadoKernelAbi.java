package dev.kvasir.plans.abi;

/**
 * The calling convention of kernels compiled for the {@code tornado} target.
 *
 * <p>A kernel is a class file over TornadoVM's API with one public static void method. It takes, in
 * this order: a {@code KernelContext}; an {@code IntArray} of launches, which changes from step to
 * step; an {@code IntArray} of one element, which never changes, the place in that array where this
 * launch's values begin; then an array for each argument of the kernel: {@code FloatArray} for f32,
 * {@code IntArray} for i32, {@code ShortArray} with the bits of f16, {@code ByteArray} for codes,
 * their bytes in the order in which they lie in memory. No buffer holds bf16.
 *
 * <p>The values of a launch are the extents of the grid's three axes, 1 where the kernel has fewer,
 * then the dims of sequence 0, of sequence 1 and so on. The kernel runs in work-groups of {@value
 * #THREADS} by 1 by 1 threads; group (x, y, z) is the grid point with these coordinates, and groups
 * outside the extents do nothing, so that a launch of a larger grid, or of a grid without points,
 * is harmless.
 */
public final class TornadoKernelAbi {

  /** Threads of a work-group. */
  public static final int THREADS = 128;

  /** Arguments of a kernel beside context, launches and place. */
  public static final int MOST_BUFFERS = 17;

  /** Extents in front of a launch's dims. */
  public static final int EXTENTS = 3;

  private static final String PACKAGE = "dev.kvasir.kernels.tornado.";

  private TornadoKernelAbi() {}

  /** {@return the binary name of a kernel's class, dots between packages} */
  public static String className(String kernel) {
    return PACKAGE + kernel;
  }

  /** {@return the kernel's method, also its name on the device, where no language has that word} */
  public static String methodName(String kernel) {
    return "k_" + kernel;
  }

  /** {@return the plan entry that holds a kernel's class file} */
  public static String entryName(String kernel) {
    return "kernels/tornado/" + kernel + ".class";
  }
}
