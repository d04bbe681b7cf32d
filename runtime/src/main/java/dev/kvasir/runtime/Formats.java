package dev.kvasir.runtime;

import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** How elements of a plan's buffers lie in memory. */
final class Formats {

  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Formats() {}

  /** {@return element {@code index} of {@code buffer}, widened exactly} */
  static float get(StorageFormat format, MemorySegment buffer, long index) {
    return switch (format) {
      case F32 -> buffer.get(FLOAT, index * Float.BYTES);
      case BF16 -> Float.intBitsToFloat(buffer.get(SHORT, index * Short.BYTES) << Short.SIZE);
      case F16 -> Float.float16ToFloat(buffer.get(SHORT, index * Short.BYTES));
      case I32, I8, U8, U4 -> throw new IllegalArgumentException("integers are no cache rows");
    };
  }
}
