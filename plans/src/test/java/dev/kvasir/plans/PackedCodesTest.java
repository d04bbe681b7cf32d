package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackedCodesTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  @ParameterizedTest
  @ValueSource(ints = {4, 8})
  void codesLieWhereTheLayoutSays(int bits) {
    int elements = 3 * 512 / bits - 5;
    byte[] bytes = new byte[3 * 64];
    random.nextBytes(bytes);
    MemorySegment buffer = MemorySegment.ofArray(bytes);
    int[] codes = random.ints(elements, 0, 1 << bits).toArray();
    for (int element = 0; element < elements; element++) {
      PackedCodes.set(buffer, bits, element, codes[element]);
    }
    for (int element = 0; element < elements; element++) {
      assertThat(PackedCodes.get(buffer, bits, element))
          .as("seed %d, element %d", seed, element)
          .isEqualTo(codes[element])
          .isEqualTo(taken(bytes, bits, element));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8})
  void settingOneLeavesTheOthers(int bits) {
    int elements = 2 * 512 / bits;
    for (int element = 0; element < elements; element++) {
      byte[] bytes = new byte[2 * 64];
      random.nextBytes(bytes);
      byte[] before = bytes.clone();
      int code = random.nextInt(1 << bits);
      PackedCodes.set(MemorySegment.ofArray(bytes), bits, element, code);
      for (int other = 0; other < elements; other++) {
        assertThat(taken(bytes, bits, other))
            .as("seed %d, element %d", seed, other)
            .isEqualTo(other == element ? code : taken(before, bits, other));
      }
    }
  }

  @Test
  void sixteenCodesAreOneFieldOfTheInts() {
    byte[] bytes = new byte[64];
    for (int element = 16; element < 32; element++) {
      PackedCodes.set(MemorySegment.ofArray(bytes), 4, element, element - 16);
    }
    byte[] expected = new byte[64];
    for (int i = 0; i < 16; i++) {
      expected[4 * i] = (byte) (i << 4);
    }
    assertThat(bytes).isEqualTo(expected);
  }

  @Test
  void buffersAreWholeBlocks() {
    assertThat(StorageFormat.U8.bytes(0)).isZero();
    assertThat(StorageFormat.U8.bytes(1)).isEqualTo(64);
    assertThat(StorageFormat.U8.bytes(64)).isEqualTo(64);
    assertThat(StorageFormat.U8.bytes(65)).isEqualTo(128);
    assertThat(StorageFormat.U4.bytes(128)).isEqualTo(64);
    assertThat(StorageFormat.U4.bytes(129)).isEqualTo(128);
    assertThat(StorageFormat.F16.bytes(129)).isEqualTo(258);
    assertThat(Arrays.stream(StorageFormat.values()).filter(StorageFormat::isCode))
        .containsExactly(StorageFormat.U8, StorageFormat.U4);
  }

  @Test
  void refusals() {
    MemorySegment buffer = MemorySegment.ofArray(new byte[64]);
    assertThatThrownBy(() -> PackedCodes.set(buffer, 4, 0, 16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected a code of 4 bits, got 16");
    assertThatThrownBy(() -> PackedCodes.set(buffer, 8, 0, -1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> PackedCodes.get(buffer, 4, 128))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> PackedCodes.get(buffer, 5, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("codes have 4 or 8 bits, got 5");
  }

  /**
   * {@return a code, the block taken as one number of 512 bits}
   *
   * <p>Int i of the block is the number's bits 32 i to 32 i + 31, since both count from the low
   * end.
   */
  private static int taken(byte[] bytes, int bits, int element) {
    int perBlock = 512 / bits;
    byte[] block = new byte[65];
    for (int i = 0; i < 64; i++) {
      block[64 - i] = bytes[element / perBlock * 64 + i];
    }
    int w = element % perBlock;
    int firstBit = 32 * (w % 16) + bits * (w / 16);
    return new BigInteger(block)
        .shiftRight(firstBit)
        .and(BigInteger.valueOf((1L << bits) - 1))
        .intValue();
  }
}
