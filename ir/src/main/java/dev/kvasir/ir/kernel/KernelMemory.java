package dev.kvasir.ir.kernel;

import dev.kvasir.ir.type.ElementFormat;
import java.util.BitSet;
import java.util.Objects;

/**
 * A buffer of the {@link KernelInterpreter}: elements of one format, and which of them were ever
 * written. What was never written reads as NaN in floating formats and is an error in i32.
 */
public final class KernelMemory {

  private final ElementFormat format;
  private final int size;
  private final float[] floats;
  private final int[] ints;
  private final BitSet initialised;

  private KernelMemory(ElementFormat format, int size) {
    this.format = format;
    this.size = size;
    floats = new float[format.isFloating() ? size : 0];
    ints = new int[format.isFloating() ? 0 : size];
    initialised = new BitSet(size);
  }

  /**
   * A buffer that nothing has written yet.
   *
   * @param size in elements, at most 2^31 - 1
   * @throws IllegalArgumentException when the size is out of range
   */
  public static KernelMemory uninitialised(ElementFormat format, long size) {
    if (size < 0 || size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("interpreter buffers hold 0 to 2^31 - 1, got " + size);
    }
    return new KernelMemory(format, (int) size);
  }

  /**
   * A fully initialised floating buffer.
   *
   * @param values rounded to the format
   */
  public static KernelMemory ofFloats(ElementFormat format, float... values) {
    KernelMemory memory = uninitialised(format, values.length);
    for (int i = 0; i < values.length; i++) {
      memory.setFloat(i, values[i]);
    }
    return memory;
  }

  /** {@return a fully initialised i32 buffer} */
  public static KernelMemory ofInts(int... values) {
    KernelMemory memory = uninitialised(ElementFormat.I32, values.length);
    for (int i = 0; i < values.length; i++) {
      memory.setInt(i, values[i]);
    }
    return memory;
  }

  /** {@return how elements are stored} */
  public ElementFormat format() {
    return format;
  }

  /** {@return number of elements} */
  public long size() {
    return size;
  }

  /** {@return whether the element was ever written} */
  public boolean isInitialised(long index) {
    return initialised.get(checked(index));
  }

  /**
   * {@return the element of a floating buffer, NaN when it was never written}
   *
   * @throws IndexOutOfBoundsException outside the buffer
   * @throws IllegalStateException on an i32 buffer
   */
  public float getFloat(long index) {
    requireFloating(true);
    int place = checked(index);
    return initialised.get(place) ? floats[place] : Float.NaN;
  }

  /**
   * Writes an element of a floating buffer, rounded to the format.
   *
   * @throws IndexOutOfBoundsException outside the buffer
   * @throws IllegalStateException on an i32 buffer
   */
  public void setFloat(long index, float value) {
    requireFloating(true);
    int place = checked(index);
    floats[place] = format.round(value);
    initialised.set(place);
  }

  /**
   * {@return the element of an i32 buffer}
   *
   * @throws IndexOutOfBoundsException outside the buffer
   * @throws IllegalStateException on a floating buffer, and when the element was never written
   */
  public int getInt(long index) {
    requireFloating(false);
    int place = checked(index);
    if (!initialised.get(place)) {
      throw new IllegalStateException("i32 element " + index + " was never written");
    }
    return ints[place];
  }

  /**
   * Writes an element of an i32 buffer.
   *
   * @throws IndexOutOfBoundsException outside the buffer
   * @throws IllegalStateException on a floating buffer
   */
  public void setInt(long index, int value) {
    requireFloating(false);
    int place = checked(index);
    ints[place] = value;
    initialised.set(place);
  }

  /** {@return a copy of a floating buffer, NaN where nothing was written} */
  public float[] toFloats() {
    float[] copy = new float[size];
    for (int i = 0; i < size; i++) {
      copy[i] = getFloat(i);
    }
    return copy;
  }

  /**
   * {@return a copy of an i32 buffer}
   *
   * @throws IllegalStateException when an element was never written
   */
  public int[] toInts() {
    int[] copy = new int[size];
    for (int i = 0; i < size; i++) {
      copy[i] = getInt(i);
    }
    return copy;
  }

  private int checked(long index) {
    return (int) Objects.checkIndex(index, (long) size);
  }

  private void requireFloating(boolean wanted) {
    if (format.isFloating() != wanted) {
      throw new IllegalStateException("buffer holds " + format.text());
    }
  }
}
