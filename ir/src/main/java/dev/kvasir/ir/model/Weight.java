package dev.kvasir.ir.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * One named tensor of a model, row-major and little-endian, at any alignment.
 *
 * @param name the name in the model's file
 * @param shape extents, outermost first; a projection is [outputs, inputs]
 * @param data read-only, exactly {@code elements() * type.bytes()} bytes
 */
public record Weight(String name, WeightType type, List<Long> shape, MemorySegment data) {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Refuses data that does not fill the shape. */
  public Weight {
    shape = List.copyOf(shape);
    data = data.asReadOnly();
    long bytes = shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
    if (bytes != data.byteSize()) {
      throw new IllegalArgumentException(
          "%s: expected %d bytes for %s %s, got %d"
              .formatted(name, bytes, type, shape, data.byteSize()));
    }
  }

  /** {@return the number of elements} */
  public long elements() {
    return data.byteSize() / type.bytes();
  }

  /**
   * {@return element {@code index} in row-major order, widened exactly; of I8 without its scale}
   *
   * @throws IllegalStateException when the type is an integer type that no weight has
   * @throws IndexOutOfBoundsException when there is no such element
   */
  public float floatAt(long index) {
    return switch (type) {
      case F32 -> data.get(FLOAT, index * Float.BYTES);
      case F16 -> Float.float16ToFloat(data.get(SHORT, index * Short.BYTES));
      case BF16 -> Float.intBitsToFloat(data.get(SHORT, index * Short.BYTES) << Short.SIZE);
      case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
      case I32, I64, U8 ->
          throw new IllegalStateException(name + ": expected a floating-point type, got " + type);
    };
  }

  /**
   * {@return a copy of all elements, widened exactly; of I8 without their scales}
   *
   * @throws IllegalStateException when the type is an integer type that no weight has
   * @throws ArithmeticException when there are more elements than an array holds
   */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = floatAt(i);
    }
    return values;
  }
}
