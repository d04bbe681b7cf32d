package dev.kvasir.plans.abi;

import java.util.List;

/**
 * The calling convention of kernels compiled for the {@code jvm} target.
 *
 * <p>A kernel is a class file with static methods only. Its entry is {@code run(MemorySegment[]
 * buffers, int[] dims, float[] tileFloats, int[] tileInts, int axis0, int axis1, int axis2)}: one
 * grid point. Buffers are native segments in argument order, little-endian, 64-byte aligned. {@code
 * dims} holds the values of sequence s at s * dimCount. Working storage belongs to the calling
 * thread and holds anything at entry. Unused axes are 0.
 */
public final class JvmKernelAbi {

  /** Name of the entry method. */
  public static final String ENTRY = "run";

  /** Descriptor of the entry method. */
  public static final String ENTRY_DESCRIPTOR = "([Ljava/lang/foreign/MemorySegment;[I[F[IIII)V";

  /** Vector widths, in bits, for which every kernel is present. */
  public static final List<Integer> VECTOR_BITS = List.of(128, 256, 512);

  /**
   * Name of the class that holds phases shared by several kernels, so that each is compiled to
   * machine code once. A plan may be without it; no kernel has this name.
   */
  public static final String SHARED = "shared_phases";

  private static final String PACKAGE = "dev.kvasir.kernels.v";

  private JvmKernelAbi() {}

  /** {@return the binary name of a kernel's class, dots between packages} */
  public static String className(String kernel, int vectorBits) {
    return PACKAGE + vectorBits + "." + kernel;
  }

  /** {@return the plan entry that holds a kernel's class file} */
  public static String entryName(String kernel, int vectorBits) {
    return "kernels/jvm/" + vectorBits + "/" + kernel + ".class";
  }
}
