package dev.kvasir.codegen.tile;

import java.util.OptionalInt;

/**
 * What kernels of a target may count on, to size their tiles: of a machine that the target is for,
 * not of the one that compiles.
 *
 * @param cacheBytes second-level cache for a work item
 * @param localBytes most bytes of all tiles of a work item, where they lie in a memory of their own
 * @param threads work items that a launch should keep busy at once, where there are that many
 */
public record TargetProfile(int cacheBytes, OptionalInt localBytes, int threads) {

  private static final TargetProfile JVM = new TargetProfile(1 << 20, OptionalInt.empty(), 16);

  private static final TargetProfile TORNADO =
      new TargetProfile(256 << 10, OptionalInt.of(48 << 10), 4 * 132);

  /** Checks that every figure is positive. */
  public TargetProfile {
    if (Math.min(cacheBytes, threads) < 1 || localBytes.orElse(1) < 1) {
      throw new IllegalArgumentException("a profile needs positive figures");
    }
  }

  /**
   * {@return a server core of recent years with 1 MiB of second-level cache, and 16 threads; caches
   * of 2 MiB or machines of 64 threads are served by the same sizes}
   */
  public static TargetProfile jvm() {
    return JVM;
  }

  /**
   * {@return a GPU of about 132 multiprocessors, each with 256 KiB of the second-level cache, four
   * work-groups at once, and for each of these the 48 KiB of local memory that every device has}
   */
  public static TargetProfile tornado() {
    return TORNADO;
  }
}
