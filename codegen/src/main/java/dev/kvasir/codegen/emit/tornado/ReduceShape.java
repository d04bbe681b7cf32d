package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.plans.abi.TornadoKernelAbi;

/**
 * How the work-group shares a reduction: element i of result o lies at first + o * resultStride + i
 * * stride.
 *
 * @param first the first element of the source
 * @param results how many results
 * @param resultStride elements of the source between results
 * @param length elements that one result joins
 * @param stride elements of the source between them
 * @param lanes threads of one result, a power of two; 1 where a thread joins all by itself
 */
record ReduceShape(int first, int results, int resultStride, int length, int stride, int lanes) {

  /** Up to here one thread is done sooner than a tree with its barriers. */
  private static final int SHORT = 8;

  static ReduceShape of(Kernel kernel, Statement.Reduce reduce) {
    Kernel.Tile source = kernel.tile(reduce.source().tile());
    int first = reduce.source().first();
    int columns = reduce.source().columnsOf(source);
    return switch (reduce.along()) {
      case COLUMNS -> of(first, source.rows(), source.columns(), columns, 1);
      case ROWS -> of(first, columns, 1, source.rows(), source.columns());
    };
  }

  private static ReduceShape of(int first, int results, int resultStride, int length, int stride) {
    int most = Math.min(length, TornadoKernelAbi.THREADS / results);
    int lanes = length <= SHORT || most < 2 ? 1 : Integer.highestOneBit(most);
    return new ReduceShape(first, results, resultStride, length, stride, lanes);
  }

  boolean isTree() {
    return lanes > 1;
  }
}
