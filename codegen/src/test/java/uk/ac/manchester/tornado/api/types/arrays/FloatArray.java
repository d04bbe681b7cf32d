package uk.ac.manchester.tornado.api.types.arrays;

import dev.kvasir.codegen.emit.tornado.device.GlobalArray;

/** Floats in device memory, every access within a launch checked. */
public final class FloatArray {

  private final float[] values;
  private final GlobalArray checks;

  /** The array called {@code name} in errors, with a copy of {@code values}. */
  public FloatArray(String name, float... values) {
    this.values = values.clone();
    this.checks = new GlobalArray(name, values.length);
  }

  public float get(int index) {
    checks.read(index);
    return values[index];
  }

  public void set(int index, float value) {
    checks.write(index);
    values[index] = value;
  }

  /** {@return a copy of the content} */
  public float[] toHeapArray() {
    return values.clone();
  }
}
