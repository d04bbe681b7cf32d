package dev.kvasir.plans.safetensors;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A tensor as it lies in a file: row-major, little-endian, at any alignment.
 *
 * @param name unique in its file
 * @param shape extents, outermost first; empty for a scalar
 * @param data read-only bytes, exactly {@code elements() * type.bytes()} of them, valid as long as
 *     the arena that the file was opened with
 */
public record SafetensorsTensor(
    String name, SafetensorsType type, List<Long> shape, MemorySegment data) {

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public SafetensorsTensor {
    shape = List.copyOf(shape);
    data = data.asReadOnly();
    if (data.byteSize() % type.bytes() != 0) {
      throw new IllegalArgumentException(
          name + ": " + data.byteSize() + " bytes are no whole number of " + type);
    }
    long elements = 1;
    for (long extent : shape) {
      elements = Math.multiplyExact(elements, extent);
    }
    if (elements != data.byteSize() / type.bytes()) {
      throw new IllegalArgumentException(
          name + ": shape " + shape + " of " + type + " does not fill " + data.byteSize());
    }
  }

  /** {@return the number of elements} */
  public long elements() {
    return data.byteSize() / type.bytes();
  }

  /**
   * {@return whether the first byte lies at a multiple of the element size}
   *
   * <p>The format does not promise it; the accessors of this record do not need it, a kernel that
   * reads with aligned loads does.
   */
  public boolean aligned() {
    return data.address() % type.bytes() == 0;
  }

  /**
   * {@return element {@code index} in row-major order, widened exactly}
   *
   * @throws IllegalStateException when the type is not a floating-point type
   * @throws IndexOutOfBoundsException when there is no such element
   */
  public float floatAt(long index) {
    return switch (type) {
      case F32 -> data.get(FLOAT, index * Float.BYTES);
      case F16 -> Float.float16ToFloat(data.get(SHORT, index * Short.BYTES));
      case BF16 -> Float.intBitsToFloat(data.get(SHORT, index * Short.BYTES) << Short.SIZE);
      case I32, I64, I8, U8 -> throw wrongType("a floating-point type");
    };
  }

  /**
   * {@return element {@code index} in row-major order, widened exactly}
   *
   * @throws IllegalStateException when the type is not an integer type
   * @throws IndexOutOfBoundsException when there is no such element
   */
  public long integerAt(long index) {
    return switch (type) {
      case I32 -> data.get(INT, index * Integer.BYTES);
      case I64 -> data.get(LONG, index * Long.BYTES);
      case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
      case U8 -> Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, index));
      case F32, F16, BF16 -> throw wrongType("an integer type");
    };
  }

  /**
   * {@return a copy of all elements, widened to float}
   *
   * @throws IllegalStateException when the type is not a floating-point type
   * @throws ArithmeticException when there are more elements than an array holds
   */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = floatAt(i);
    }
    return values;
  }

  /**
   * {@return a copy of all elements as ints}
   *
   * @throws IllegalStateException when the type is not {@code I32}
   * @throws ArithmeticException when there are more elements than an array holds
   */
  public int[] toInts() {
    if (type != SafetensorsType.I32) {
      throw wrongType("I32");
    }
    int[] values = new int[Math.toIntExact(elements())];
    MemorySegment.copy(data, INT, 0, values, 0, values.length);
    return values;
  }

  private IllegalStateException wrongType(String expected) {
    return new IllegalStateException(name + ": expected " + expected + ", got " + type);
  }
}
