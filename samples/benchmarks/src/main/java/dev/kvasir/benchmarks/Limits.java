package dev.kvasir.benchmarks;

import dev.kvasir.runtime.ReadBandwidth;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What the machine can do at the moment, with as many threads as the benchmark has: bytes read and
 * floating-point operations done in a second.
 */
final class Limits implements AutoCloseable {
  private static final int WARM_UP_PASSES = 2;
  private static final int PASSES = 2;
  private static final int BURSTS = 400;
  private static final long CHUNK = 1 << 20;

  private final NativeMemory memory = new NativeMemory();
  private final List<ReadBandwidth> readings;
  private final long size;
  private final Team team;
  private final int[] sums;
  private final float[] numbers;

  /**
   * Prepares, and runs until everything is compiled.
   *
   * @param given memory to read, each piece of at least 1 MiB; where that is less than {@code
   *     bytes} together, a buffer is read instead
   * @param bytes far beyond every cache, whole MiB
   */
  Limits(Team team, List<MemorySegment> given, long bytes) {
    this.team = team;
    boolean enough = given.stream().mapToLong(MemorySegment::byteSize).sum() >= bytes;
    List<MemorySegment> read =
        (enough ? given : List.of(memory.bytes(bytes).fill((byte) 1)))
            .stream().map(piece -> piece.asSlice(0, piece.byteSize() / CHUNK * CHUNK)).toList();
    readings = read.stream().map(ReadBandwidth::new).toList();
    size = read.stream().mapToLong(MemorySegment::byteSize).sum();
    sums = new int[team.threads()];
    numbers = new float[team.threads()];
    for (int pass = 0; pass < WARM_UP_PASSES; pass++) {
      bytesPerSecond();
      operationsPerSecond();
    }
  }

  /** {@return bytes read in a second: the best of a few passes} */
  double bytesPerSecond() {
    double best = 0;
    for (int pass = 0; pass < PASSES; pass++) {
      long start = System.nanoTime();
      team.run(this::read);
      best = Math.max(best, size * 1e9 / (System.nanoTime() - start));
    }
    return best;
  }

  private void read(int part) {
    int sum = 0;
    for (ReadBandwidth reading : readings) {
      sum += reading.sum(part, team.threads());
    }
    sums[part] = sum;
  }

  /** {@return multiplications and additions in a second: the best of a few passes} */
  double operationsPerSecond() {
    double best = 0;
    for (int pass = 0; pass < PASSES; pass++) {
      long start = System.nanoTime();
      team.run(
          part -> {
            for (int burst = 0; burst < BURSTS; burst++) {
              numbers[part] = FusedMultiplyAdd.burst(numbers[part] * 1e-9f);
            }
          });
      double nanos = System.nanoTime() - start;
      best = Math.max(best, FusedMultiplyAdd.operations() * BURSTS * team.threads() * 1e9 / nanos);
    }
    return best;
  }

  @Override
  public void close() {
    memory.close();
  }
}
