package dev.kvasir.benchmarks;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Something that is timed: equal operations on memory that takes turns, so that it is cold. */
public interface Workload extends AutoCloseable {

  /**
   * {@return memory that operations take turns to read, where it is outside the heap: what the
   * machine reads in a second is measured on it}
   */
  default List<MemorySegment> memory() {
    return List.of();
  }

  /** Makes ready for the next operation, outside the time that is taken; mostly nothing. */
  default void prepare() {}

  /** Does the next operation. */
  void run();

  /** {@return bytes that an operation has to read or write} */
  double bytes();

  /** {@return multiplications and additions that an operation has to do} */
  double operations();

  /**
   * {@return nanoseconds of an operation in which no kernel ran, of those since the last call; 0
   * where kernels are all there is}
   */
  default double nanosBeyondKernels() {
    return 0;
  }

  /**
   * Checks what the last operation computed.
   *
   * @throws IllegalStateException when it is wrong
   */
  void check();

  @Override
  void close();

  /** {@return how many copies of {@code bytes} bytes have together at least {@code least}} */
  static int copies(double bytes, long least) {
    return Math.max(1, (int) Math.ceil(least / bytes));
  }
}
