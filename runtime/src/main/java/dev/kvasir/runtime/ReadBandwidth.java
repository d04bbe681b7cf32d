package dev.kvasir.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * How fast this machine reads memory at all: threads sum a buffer with the machine's widest
 * vectors, each its share.
 */
public final class ReadBandwidth {
  private static final VectorSpecies<Integer> SPECIES = IntVector.SPECIES_PREFERRED;
  private static final int VECTOR = SPECIES.vectorByteSize();
  private static final int CHUNK = 1 << 20;
  private static final long BYTES = 256L << 20;
  private static final int WARM_UP_PASSES = 4;
  private static final int PASSES = 5;

  private final MemorySegment memory;

  /**
   * Reads {@code memory}.
   *
   * @param memory a multiple of 1 MiB, which should be far beyond every cache
   * @throws IllegalArgumentException when it is no such multiple
   */
  public ReadBandwidth(MemorySegment memory) {
    if (memory.byteSize() % CHUNK != 0) {
      throw new IllegalArgumentException("no multiple of 1 MiB: " + memory.byteSize());
    }
    this.memory = memory;
  }

  /**
   * {@return bytes a second, the best of a few passes over a buffer that no cache holds; takes a
   * fraction of a second}
   *
   * @param threads threads that read at once, at least 1
   * @throws OutOfMemoryError when there is no room for the buffer
   */
  public static double measure(int threads) {
    try (Arena arena = Arena.ofShared()) {
      ReadBandwidth probe = new ReadBandwidth(arena.allocate(BYTES, CHUNK));
      int[] sums = new int[threads];
      for (int pass = 0; pass < WARM_UP_PASSES; pass++) {
        probe.pass(sums);
      }
      long best = Long.MAX_VALUE;
      for (int pass = 0; pass < PASSES; pass++) {
        long start = System.nanoTime();
        probe.pass(sums);
        best = Math.min(best, System.nanoTime() - start);
      }
      return BYTES * 1e9 / best;
    }
  }

  private void pass(int[] sums) {
    List<Thread> helpers = new ArrayList<>();
    for (int part = 1; part < sums.length; part++) {
      int share = part;
      helpers.add(Thread.ofPlatform().start(() -> sums[share] = sum(share, sums.length)));
    }
    sums[0] = sum(0, sums.length);
    for (Thread helper : helpers) {
      try {
        helper.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** {@return the sum over the {@code part}-th of {@code parts} equal shares} */
  public int sum(int part, int parts) {
    int chunks = Math.toIntExact(memory.byteSize() / CHUNK);
    int sum = 0;
    for (int chunk = part; chunk < chunks; chunk += parts) {
      sum += sumChunk(memory, (long) chunk * CHUNK);
    }
    return sum;
  }

  // A method of its own, with an int loop: only there are range checks dropped and sums kept in
  // registers.
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
