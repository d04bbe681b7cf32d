package dev.kvasir.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Changes bytes that it knows nothing about. */
final class ByteMutator {

  private static final long[] EXTREMES = {
    0,
    1,
    2,
    127,
    128,
    255,
    256,
    65535,
    65536,
    Integer.MAX_VALUE,
    1L << 31,
    0xFFFF_FFFFL,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -1
  };

  private ByteMutator() {}

  /** {@return a copy with one to four changes, somewhere} */
  static byte[] mutate(byte[] bytes, SplittableRandom random) {
    byte[] mutant = bytes.clone();
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      mutant = change(mutant, random);
    }
    return mutant;
  }

  private static byte[] change(byte[] bytes, SplittableRandom random) {
    if (bytes.length == 0) {
      return new byte[] {(byte) random.nextInt(256)};
    }
    int at = random.nextInt(bytes.length);
    int length =
        1 + random.nextInt(Math.min(random.nextInt(4) == 0 ? 1024 : 16, bytes.length - at));
    return switch (random.nextInt(8)) {
      case 0 -> {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        yield bytes;
      }
      case 1 -> {
        bytes[at] = (byte) random.nextInt(256);
        yield bytes;
      }
      case 2 -> Arrays.copyOf(bytes, at);
      case 3 -> splice(bytes, at, at + length, new byte[0]);
      case 4 -> splice(bytes, at, at, Arrays.copyOfRange(bytes, at, at + length));
      case 5 -> {
        byte[] noise = new byte[length];
        random.nextBytes(noise);
        yield splice(bytes, at, at + (random.nextBoolean() ? length : 0), noise);
      }
      case 6 -> {
        int from = random.nextInt(bytes.length - length + 1);
        System.arraycopy(bytes, from, bytes, at, length);
        yield bytes;
      }
      default -> {
        putExtreme(bytes, at, random);
        yield bytes;
      }
    };
  }

  /** Puts an extreme integer of 2, 4 or 8 bytes, in either order, where it fits. */
  static void putExtreme(byte[] bytes, int at, SplittableRandom random) {
    long value = EXTREMES[random.nextInt(EXTREMES.length)];
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    buffer.order(random.nextBoolean() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int width = 2 << random.nextInt(3);
    if (at + width > bytes.length) {
      bytes[at] = (byte) value;
    } else if (width == 2) {
      buffer.putShort(at, (short) value);
    } else if (width == 4) {
      buffer.putInt(at, (int) value);
    } else {
      buffer.putLong(at, value);
    }
  }

  /** {@return {@code bytes} with begin..end replaced} */
  static byte[] splice(byte[] bytes, int begin, int end, byte[] middle) {
    byte[] spliced = new byte[begin + middle.length + bytes.length - end];
    System.arraycopy(bytes, 0, spliced, 0, begin);
    System.arraycopy(middle, 0, spliced, begin, middle.length);
    System.arraycopy(bytes, end, spliced, begin + middle.length, bytes.length - end);
    return spliced;
  }
}
