package dev.kvasir.runtime.backend;

import dev.kvasir.runtime.KernelException;

/** Kernels bound to their buffers, which run together. */
public interface PreparedLaunches {

  /** Extents of a launch. */
  int EXTENTS = 3;

  /**
   * Runs every point of each grid, one launch after the other, and returns when all are done.
   *
   * @param extents of each launch {@link #EXTENTS} numbers, at least 0: those of its axes, 1 where
   *     the kernel has fewer. A launch of which one is 0 does not run
   * @param dims the uniform integers of each launch: those of its first sequence, of its second and
   *     so on; those of a launch that does not run have the room of one sequence's
   * @return nanoseconds from the first point to the last
   * @throws KernelException when a grid point throws; other points may or may not have run
   */
  long run(int[] extents, int[] dims);
}
