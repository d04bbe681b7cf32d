package dev.kvasir.benchmarks;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** How fast memory can be read at all: sums a buffer with the machine's widest vectors. */
final class ReadBandwidth {
  private static final VectorSpecies<Integer> SPECIES = IntVector.SPECIES_PREFERRED;
  private static final int VECTOR = SPECIES.vectorByteSize();
  private static final int CHUNK = 1 << 20;

  private final MemorySegment memory;

  /**
   * Reads {@code memory}, whose size is a multiple of 1 MiB and should be far beyond every cache.
   */
  ReadBandwidth(MemorySegment memory) {
    if (memory.byteSize() % CHUNK != 0) {
      throw new IllegalArgumentException("no multiple of 1 MiB: " + memory.byteSize());
    }
    this.memory = memory;
  }

  /** {@return the sum over the {@code part}-th of {@code parts} equal shares} */
  int sum(int part, int parts) {
    int chunks = Math.toIntExact(memory.byteSize() / CHUNK);
    int sum = 0;
    for (int chunk = part; chunk < chunks; chunk += parts) {
      sum += sumChunk(memory, (long) chunk * CHUNK);
    }
    return sum;
  }

  /**
   * A method of its own, with an int loop: the compiler drops range checks and keeps the sums in
   * registers only for loops of that form.
   */
  private static int sumChunk(MemorySegment memory, long start) {
    IntVector sum0 = IntVector.zero(SPECIES);
    IntVector sum1 = sum0;
    IntVector sum2 = sum0;
    IntVector sum3 = sum0;
    for (int offset = 0; offset < CHUNK; offset += 4 * VECTOR) {
      long at = start + offset;
      sum0 = sum0.add(load(memory, at));
      sum1 = sum1.add(load(memory, at + VECTOR));
      sum2 = sum2.add(load(memory, at + 2L * VECTOR));
      sum3 = sum3.add(load(memory, at + 3L * VECTOR));
    }
    return sum0.add(sum1).add(sum2).add(sum3).reduceLanes(VectorOperators.ADD);
  }

  private static IntVector load(MemorySegment memory, long offset) {
    return IntVector.fromMemorySegment(SPECIES, memory, offset, ByteOrder.LITTLE_ENDIAN);
  }
}
