package dev.kvasir.runtime.backend;

import dev.kvasir.runtime.KernelException;

/** A kernel bound to its buffers. */
public interface PreparedLaunch {

  /**
   * Runs every point of the grid and returns when all are done. Allocates nothing.
   *
   * @param extent0 extent of the first axis, at least 0
   * @param extent1 extent of the second axis, 1 when the kernel has fewer axes
   * @param extent2 extent of the third axis, 1 when the kernel has fewer axes
   * @param dims the kernel's uniform integers, of sequence s from s * their number
   * @return nanoseconds from the first point to the last
   * @throws KernelException when a grid point throws; other points may or may not have run
   */
  long run(int extent0, int extent1, int extent2, int[] dims);
}
