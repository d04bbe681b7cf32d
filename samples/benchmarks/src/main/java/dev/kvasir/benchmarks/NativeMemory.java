package dev.kvasir.benchmarks;

import dev.kvasir.runtime.LargeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Buffers outside the heap, as sessions and weights have them. */
public final class NativeMemory implements AutoCloseable {
  private static final int ALIGNMENT = 64;

  private static final long LARGE = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> large = new ArrayList<>();

  /** Room for buffers until it is closed. */
  public NativeMemory() {}

  /** {@return zeros} */
  public MemorySegment bytes(long count) {
    return kept(arena.allocate(count, ALIGNMENT));
  }

  private MemorySegment kept(MemorySegment memory) {
    if (memory.byteSize() >= LARGE) {
      large.add(memory);
    }
    return memory;
  }

  /** {@return the buffers of at least 1 MiB} */
  List<MemorySegment> large() {
    return List.copyOf(large);
  }

  /** {@return zeros} */
  public MemorySegment floats(long count) {
    return bytes(count * Float.BYTES);
  }

  /** {@return the numbers} */
  public MemorySegment floats(float[] numbers) {
    MemorySegment memory = floats(numbers.length);
    MemorySegment.copy(numbers, 0, memory, ValueLayout.JAVA_FLOAT, 0, numbers.length);
    return memory;
  }

  /** {@return the integers from 0 to {@code count} - 1} */
  public MemorySegment ascending(int count) {
    MemorySegment numbers = bytes((long) count * Integer.BYTES);
    for (int index = 0; index < count; index++) {
      numbers.setAtIndex(ValueLayout.JAVA_INT, index, index);
    }
    return numbers;
  }

  /** {@return {@code pattern} over and over, {@code times} times, as weights lie: small pages} */
  public MemorySegment repeated(MemorySegment pattern, long times) {
    return filled(bytes(pattern.byteSize() * times), pattern, times);
  }

  /** {@return {@code pattern} over and over, {@code times} times, as caches lie: huge pages} */
  MemorySegment repeatedInHugePages(MemorySegment pattern, long times) {
    return filled(kept(LargeMemory.allocate(arena, pattern.byteSize() * times)), pattern, times);
  }

  private static MemorySegment filled(MemorySegment all, MemorySegment pattern, long times) {
    for (long i = 0; i < times; i++) {
      MemorySegment.copy(pattern, 0, all, i * pattern.byteSize(), pattern.byteSize());
    }
    return all;
  }

  @Override
  public void close() {
    arena.close();
  }
}
