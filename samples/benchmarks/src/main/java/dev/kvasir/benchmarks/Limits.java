package dev.kvasir.benchmarks;

import dev.kvasir.runtime.ReadBandwidth;

/**
 * What the machine can do at the moment, with as many threads as the benchmark has: bytes read and
 * floating-point operations done in a second.
 */
final class Limits implements AutoCloseable {
  private static final int WARM_UP_PASSES = 2;
  private static final int PASSES = 2;
  private static final int BURSTS = 400;

  private final NativeMemory memory = new NativeMemory();
  private final long size;
  private final ReadBandwidth reading;
  private final Team team;
  private final int[] sums;
  private final float[] numbers;

  /**
   * Prepares, and runs until everything is compiled.
   *
   * @param bytes buffer to read, whole MiB and far beyond every cache
   */
  Limits(Team team, long bytes) {
    this.team = team;
    size = bytes;
    reading = new ReadBandwidth(memory.bytes(bytes).fill((byte) 1));
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
      team.run(part -> sums[part] = reading.sum(part, team.threads()));
      best = Math.max(best, size * 1e9 / (System.nanoTime() - start));
    }
    return best;
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
