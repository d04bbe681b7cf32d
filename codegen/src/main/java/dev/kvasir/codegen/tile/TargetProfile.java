package dev.kvasir.codegen.tile;

/**
 * What kernels of a target may count on, to size their tiles: of a machine that the target is for,
 * not of the one that compiles.
 *
 * @param vectorBits widest vectors
 * @param l1Bytes first-level data cache of a core
 * @param l2Bytes second-level cache of a core
 * @param threads threads that a launch should keep busy, where there are that many
 */
public record TargetProfile(int vectorBits, int l1Bytes, int l2Bytes, int threads) {

  private static final TargetProfile JVM = new TargetProfile(512, 32 << 10, 1 << 20, 16);

  /** Checks that every figure is positive. */
  public TargetProfile {
    if (Math.min(Math.min(vectorBits, l1Bytes), Math.min(l2Bytes, threads)) < 1) {
      throw new IllegalArgumentException("a profile needs positive figures");
    }
  }

  /**
   * {@return a server core of recent years with 512-bit vectors, 32 KiB and 1 MiB of cache, and 16
   * threads; caches of 48 KiB and 2 MiB or machines of 64 threads are served by the same sizes}
   */
  public static TargetProfile jvm() {
    return JVM;
  }
}
