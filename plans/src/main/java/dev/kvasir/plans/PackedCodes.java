package dev.kvasir.plans;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Where unsigned codes of 4 or 8 bits lie in a buffer.
 *
 * <p>A buffer is a row of blocks of 64 bytes, each 16 little-endian ints. A block holds 512 / bits
 * codes: with w the number of a code inside its block, it takes bits {@code bits * (w / 16)} to
 * {@code bits * (w / 16) + bits - 1} of int {@code w mod 16}. So 16 consecutive codes are one field
 * of the 16 ints, which a kernel takes out of them with one shift and one mask.
 */
public final class PackedCodes {

  /** Bytes of a block. */
  public static final int BLOCK_BYTES = 64;

  private static final int INTS = BLOCK_BYTES / Integer.BYTES;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private PackedCodes() {}

  /**
   * {@return the codes that a block holds}
   *
   * @param bits of a code, 4 or 8
   */
  public static int blockElements(int bits) {
    if (bits != 4 && bits != 8) {
      throw new IllegalArgumentException("codes have 4 or 8 bits, got " + bits);
    }
    return BLOCK_BYTES * Byte.SIZE / bits;
  }

  /**
   * {@return the bytes of a buffer of {@code elements} codes: whole blocks}
   *
   * @param bits of a code, 4 or 8
   */
  public static long bytes(int bits, long elements) {
    return Math.ceilDiv(elements, (long) blockElements(bits)) * BLOCK_BYTES;
  }

  /**
   * {@return a code, 0 to 2^bits - 1}
   *
   * @param bits of a code, 4 or 8
   * @param element its number in the buffer
   * @throws IndexOutOfBoundsException when the buffer has no such block
   */
  public static int get(MemorySegment buffer, int bits, long element) {
    return (buffer.get(INT, intOffset(bits, element)) >>> shift(bits, element)) & mask(bits);
  }

  /**
   * Writes a code and leaves the others of its int as they are; not for several threads at once.
   *
   * @param bits of a code, 4 or 8
   * @param element its number in the buffer
   * @param code 0 to 2^bits - 1
   * @throws IllegalArgumentException when the code has more bits
   * @throws IndexOutOfBoundsException when the buffer has no such block
   */
  public static void set(MemorySegment buffer, int bits, long element, int code) {
    int mask = mask(bits);
    if ((code & ~mask) != 0) {
      throw new IllegalArgumentException(
          "expected a code of %d bits, got %d".formatted(bits, code));
    }
    long offset = intOffset(bits, element);
    int shift = shift(bits, element);
    buffer.set(INT, offset, (buffer.get(INT, offset) & ~(mask << shift)) | (code << shift));
  }

  private static long intOffset(int bits, long element) {
    int block = blockElements(bits);
    return element / block * BLOCK_BYTES + element % block % INTS * Integer.BYTES;
  }

  private static int shift(int bits, long element) {
    return (int) (element % blockElements(bits) / INTS) * bits;
  }

  private static int mask(int bits) {
    return (1 << bits) - 1;
  }
}
