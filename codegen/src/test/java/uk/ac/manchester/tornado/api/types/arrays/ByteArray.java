package uk.ac.manchester.tornado.api.types.arrays;

import dev.kvasir.codegen.emit.tornado.device.GlobalArray;

/** Bytes in device memory, every access within a launch checked. */
public final class ByteArray {

  private final byte[] values;
  private final GlobalArray checks;

  /** The array called {@code name} in errors, with a copy of {@code values}. */
  public ByteArray(String name, byte... values) {
    this.values = values.clone();
    this.checks = new GlobalArray(name, values.length);
  }

  public byte get(int index) {
    checks.read(index);
    return values[index];
  }

  public void set(int index, byte value) {
    checks.write(index);
    values[index] = value;
  }

  /** {@return a copy of the content} */
  public byte[] toHeapArray() {
    return values.clone();
  }
}
