package dev.kvasir.ir.kernel;

import dev.kvasir.ir.type.ElementFormat;
import java.util.BitSet;
import java.util.Objects;

/**
 * A buffer of the {@link KernelInterpreter}: elements of one format, and which of them were ever
 * written. What was never written reads as NaN in floating formats and codes and is an error in
 * i32.
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
    floats = new float[format == ElementFormat.I32 ? 0 : size];
    ints = new int[format == ElementFormat.I32 ? size : 0];
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
   * A fully initialised buffer of numbers.
   *
   * @param values rounded to the format; of codes, codes
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
   * {@return the element of a buffer of numbers, NaN when it was never written}
   *
   * @throws IndexOutOfBoundsException outside the buffer
   * @throws IllegalStateException on an i32 buffer
   */
  public float getFloat(long index) {
    requireNumbers(true);
    int place = checked(index);
    return initialised.get(place) ? floats[place] : Float.NaN;
  }

  /**
   * Writes an element of a buffer of numbers, rounded to the format.
   *
   * @throws IndexOutOfBoundsException outside the buffer
   * @throws IllegalStateException on an i32 buffer, and when a code is none
   */
  public void setFloat(long index, float value) {
    requireNumbers(true);
    int place = checked(index);
    if (!accepts(value)) {
      throw new IllegalStateException(
          "a %s code is 0 to %d, got %s".formatted(format.text(), format.largestCode(), value));
    }
    floats[place] = format.isCode() ? value : format.round(value);
    initialised.set(place);
  }

  /** {@return whether the buffer can hold the number: only codes are choosy} */
  boolean accepts(float value) {
    return !format.isCode()
        || (value >= 0 && value <= format.largestCode() && value == (int) value);
  }

  /**
   * {@return the element of an i32 buffer}
   *
   * @throws IndexOutOfBoundsException outside the buffer
   * @throws IllegalStateException on a buffer of numbers, and when the element was never written
   */
  public int getInt(long index) {
    requireNumbers(false);
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
   * @throws IllegalStateException on a buffer of numbers
   */
  public void setInt(long index, int value) {
    requireNumbers(false);
    int place = checked(index);
    ints[place] = value;
    initialised.set(place);
  }

  /** {@return a copy of a buffer of numbers, NaN where nothing was written} */
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

  private void requireNumbers(boolean wanted) {
    if ((format != ElementFormat.I32) != wanted) {
      throw new IllegalStateException("buffer holds " + format.text());
    }
  }
}
