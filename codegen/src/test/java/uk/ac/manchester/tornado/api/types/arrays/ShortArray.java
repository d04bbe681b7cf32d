package uk.ac.manchester.tornado.api.types.arrays;

import dev.kvasir.codegen.emit.tornado.device.GlobalArray;

/** Shorts in device memory, every access within a launch checked. */
public final class ShortArray {

  private final short[] values;
  private final GlobalArray checks;

  /** The array called {@code name} in errors, with a copy of {@code values}. */
  public ShortArray(String name, short... values) {
    this.values = values.clone();
    this.checks = new GlobalArray(name, values.length);
  }

  public short get(int index) {
    checks.read(index);
    return values[index];
  }

  public void set(int index, short value) {
    checks.write(index);
    values[index] = value;
  }

  /** {@return a copy of the content} */
  public short[] toHeapArray() {
    return values.clone();
  }
}
