package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.util.Optional;

/**
 * How neighbouring threads share the terms of a {@code dot.nt}: each block of {@code rows x
 * columns} results has {@code lanes} threads, of which lane l takes terms l, l + lanes, and so on.
 *
 * @param targetRows rows of the target
 * @param targetColumns columns of the target
 * @param length terms of a result
 * @param rows rows of a block, a divisor of all
 * @param columns columns of a block, a divisor of all
 * @param lanes threads of a block, a power of two
 */
record LaneShape(int targetRows, int targetColumns, int length, int rows, int columns, int lanes) {

  /** Sums that a thread keeps in registers. */
  static final int MOST_SUMS = 16;

  private static final int MOST_ROWS = 8;

  /** Lanes whose loads fill the memory transactions of all devices. */
  private static final int WARP = 32;

  /** Below this many, neighbours read too little side by side to be worth a tree. */
  private static final int LEAST_LANES = 8;

  /** A lane with fewer terms is not worth a step of the tree. */
  private static final int LEAST_TERMS = 4;

  /** Weights that a thread loads before it needs the first. */
  private static final int LOADS = 8;

  /**
   * {@return the shape where the terms of a result lie side by side and its target is small; empty
   * where a thread for each column does better}
   *
   * @param mostSums sums of each thread that scratch has room for
   */
  static Optional<LaneShape> of(Kernel kernel, Statement.DotNT dot, int mostSums) {
    if (!(dot.right().layout() instanceof View.Layout.Rows)) {
      return Optional.empty();
    }
    Kernel.Tile target = kernel.tile(dot.tile().tile());
    int columns = dot.tile().columnsOf(target);
    int rows = divisor(target.rows(), Math.min(MOST_ROWS, mostSums));
    LaneShape best = null;
    for (int block = 1; block <= columns && block * rows <= mostSums; block++) {
      if (columns % block == 0) {
        LaneShape shape = of(target.rows(), columns, dot.right().columns(), rows, block);
        if (best == null || (best.lanes < WARP && shape.lanes > best.lanes)) {
          best = shape;
        }
      }
    }
    return Optional.ofNullable(best).filter(shape -> shape.lanes >= LEAST_LANES);
  }

  private static LaneShape of(int targetRows, int targetColumns, int length, int rows, int block) {
    int blocks = targetRows / rows * (targetColumns / block);
    int most = Math.min(TornadoKernelAbi.THREADS / blocks, length / LEAST_TERMS);
    return new LaneShape(
        targetRows, targetColumns, length, rows, block, Integer.highestOneBit(most));
  }

  private static int divisor(int number, int most) {
    int divisor = Math.min(number, most);
    while (divisor > 1 && number % divisor != 0) {
      divisor--;
    }
    return Math.max(1, divisor);
  }

  /** {@return threads that have a block} */
  int threads() {
    return targetRows / rows * (targetColumns / columns) * lanes;
  }

  /** {@return sums of a thread} */
  int sums() {
    return rows * columns;
  }

  /** {@return blocks side by side} */
  int blocksAcross() {
    return targetColumns / columns;
  }

  /** {@return terms that a lane writes out one after the other} */
  int unroll() {
    int unroll = Math.max(1, LOADS / columns);
    while (length % (lanes * unroll) != 0 && unroll > 1) {
      unroll--;
    }
    return unroll;
  }
}
