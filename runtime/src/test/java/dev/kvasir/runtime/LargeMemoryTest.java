package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LargeMemoryTest {

  private static final int KIBIBYTE = 1 << 10;
  private static final long HUGE = LargeMemory.HUGE_PAGE;

  @ParameterizedTest
  @ValueSource(longs = {1, 4096, HUGE - 1, HUGE, HUGE + 1, 3 * HUGE + 12_345})
  void everyByteIsZeroAndCanBeWritten(long bytes) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment buffer = LargeMemory.allocate(arena, bytes);

      assertThat(buffer.byteSize()).isEqualTo(bytes);
      assertThat(buffer.address() % 64).isZero();
      assertThat(buffer.isReadOnly()).isFalse();
      assertThat(buffer.isMapped()).isFalse();
      byte[] zeros = new byte[Math.toIntExact(bytes)];
      assertThat(buffer.mismatch(MemorySegment.ofArray(zeros))).isEqualTo(-1);
      buffer.fill((byte) 7);
      assertThat(buffer.get(ValueLayout.JAVA_BYTE, bytes - 1)).isEqualTo((byte) 7);
      assertThatThrownBy(() -> buffer.get(ValueLayout.JAVA_BYTE, bytes))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void aLargeBufferTakesWhatIsUsedAndGivesItBack() throws IOException {
    assumeTrue(LargeMemory.isSupported(), "no huge pages on this system");
    long bytes = 5 * HUGE;
    MemorySegment buffer;
    try (Arena arena = Arena.ofShared()) {
      buffer = LargeMemory.allocate(arena, bytes);

      assertThat(buffer.address() % HUGE).isZero();
      assertThat(resident(buffer)).isZero();
      buffer.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
      assertThat(resident(buffer)).isBetween(1L, HUGE);
      buffer.fill((byte) 1);
      assertThat(resident(buffer)).isEqualTo(bytes);
    }
    assertThat(buffer.scope().isAlive()).isFalse();
    assertThat(resident(buffer)).isLessThan(bytes);
  }

  @Test
  void moreThanThereIsAddressSpaceForIsAnError() {
    try (Arena arena = Arena.ofShared()) {
      assertThatThrownBy(() -> LargeMemory.allocate(arena, 1L << 50))
          .isInstanceOf(OutOfMemoryError.class);
    }
  }

  /** {@return the bytes in memory of the mappings that overlap {@code buffer}} */
  private static long resident(MemorySegment buffer) throws IOException {
    long end = buffer.address() + buffer.byteSize();
    boolean inside = false;
    long bytes = 0;
    List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
    for (String line : lines) {
      String[] words = line.split("[- ]+");
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        inside =
            Long.parseUnsignedLong(words[0], 16) < end
                && Long.parseUnsignedLong(words[1], 16) > buffer.address();
      } else if (inside && line.startsWith("Rss:")) {
        bytes += KIBIBYTE * Long.parseLong(Arrays.asList(words).get(1));
      }
    }
    return bytes;
  }
}
