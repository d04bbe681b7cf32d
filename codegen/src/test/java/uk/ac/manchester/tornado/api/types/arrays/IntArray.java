package uk.ac.manchester.tornado.api.types.arrays;

import dev.kvasir.codegen.emit.tornado.device.GlobalArray;

/** Ints in device memory, every access within a launch checked. */
public final class IntArray {

  private final int[] values;
  private final GlobalArray checks;

  /** The array called {@code name} in errors, with a copy of {@code values}. */
  public IntArray(String name, int... values) {
    this.values = values.clone();
    this.checks = new GlobalArray(name, values.length);
  }

  public int get(int index) {
    checks.read(index);
    return values[index];
  }

  public void set(int index, int value) {
    checks.write(index);
    values[index] = value;
  }

  /** {@return a copy of the content} */
  public int[] toHeapArray() {
    return values.clone();
  }
}
