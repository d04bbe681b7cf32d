package dev.kvasir.ir.kernel;

import java.util.Arrays;

/**
 * One buffer during one launch: which grid points read and wrote each element. Grid points run in
 * any order, so an element belongs to all readers or to one point alone.
 */
final class LaunchMemory {

  static final int NOBODY = -1;
  private static final int MANY = -2;

  private final KernelMemory memory;
  private int[] writers = new int[0];
  private int[] readers = new int[0];

  LaunchMemory(KernelMemory memory) {
    this.memory = memory;
  }

  /** Starts to watch for races; without it nothing may be written. */
  void watch() {
    if (writers.length == 0) {
      writers = new int[Math.toIntExact(memory.size())];
      readers = new int[writers.length];
      Arrays.fill(writers, NOBODY);
      Arrays.fill(readers, NOBODY);
    }
  }

  KernelMemory memory() {
    return memory;
  }

  /** {@return another grid point that wrote the element, or NOBODY; remembers the read} */
  int read(int index, int point) {
    if (writers.length == 0) {
      return NOBODY;
    }
    if (readers[index] == NOBODY) {
      readers[index] = point;
    } else if (readers[index] != point) {
      readers[index] = MANY;
    }
    return writers[index] == point ? NOBODY : writers[index];
  }

  /** {@return another grid point that wrote the element, or NOBODY; remembers the write} */
  int write(int index, int point) {
    int before = writers[index];
    writers[index] = point;
    return before == point ? NOBODY : before;
  }

  /** {@return whether another grid point read the element} */
  boolean isReadByOthers(int index, int point) {
    return readers[index] != NOBODY && readers[index] != point;
  }
}
