package dev.kvasir.benchmarks;

import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.runtime.ReadBandwidth;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.runner.IterationType;

/**
 * Decode attention of one layer, whose cache is cold: how many bytes of keys and values it reads in
 * a second, and how that compares with merely reading the same memory.
 *
 * <p>After each iteration the memory is read by {@link ReadBandwidth} on the same threads, so that
 * both figures of a line are seconds apart.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 10, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Xmx512m"
    })
@NullUnmarked // fields are set before each trial
public class DecodeAttentionBenchmark {
  private static final int READ_PASSES = 3;
  private static final int READ_WARMUP_PASSES = 10;

  /** Cache rows. */
  @Param({"4096", "32768"})
  public int context;

  /** How they are stored. */
  @Param({"F32", "BF16"})
  public ElementFormat format;

  /** Threads that share the work of a layer. */
  @Param({"1", "2"})
  public int threads;

  private DecodeKernel kernel;
  private ReadBandwidth memory;
  private Team team;
  private int layer;
  private long nanos;
  private long calls;
  private int[] sums;
  private final List<Rates> rates = new ArrayList<>();

  /** GB/s of one iteration. */
  private record Rates(double decode, double read) {
    double percent() {
      return 100 * decode / read;
    }
  }

  /** Emits and loads the kernel, fills the caches. */
  @Setup(Level.Trial)
  public void open() {
    int vectorBits = FloatVector.SPECIES_PREFERRED.vectorBitSize();
    team = new Team(threads);
    kernel = new DecodeKernel(context, format, vectorBits, threads);
    memory = new ReadBandwidth(kernel.pages());
    sums = new int[threads];
    for (int pass = 0; pass < READ_WARMUP_PASSES; pass++) {
      readPass();
    }
  }

  /** Starts the count of an iteration. */
  @Setup(Level.Iteration)
  public void start() {
    nanos = 0;
    calls = 0;
  }

  /** One token's attention over one layer. */
  @Benchmark
  public void decode() {
    long begin = System.nanoTime();
    int current = layer;
    team.run(part -> kernel.run(current, part, threads));
    layer = (layer + 1) % kernel.layers();
    nanos += System.nanoTime() - begin;
    calls++;
  }

  /** Reads the same memory and prints both rates. */
  @TearDown(Level.Iteration)
  public void compare(IterationParams iteration) {
    kernel.check();
    double best = 0;
    for (int pass = 0; pass < READ_PASSES; pass++) {
      long begin = System.nanoTime();
      readPass();
      best = Math.max(best, kernel.pages().byteSize() / (double) (System.nanoTime() - begin));
    }
    Rates rate = new Rates(calls * kernel.layerBytes() / (double) nanos, best);
    if (iteration.getType() == IterationType.MEASUREMENT) {
      rates.add(rate);
    }
    System.out.printf(
        Locale.ROOT,
        "[decode %.2f GB/s, read %.2f GB/s, %.0f %%] ",
        rate.decode(),
        rate.read(),
        rate.percent());
  }

  /** Prints the middle of the measured iterations. */
  @TearDown(Level.Trial)
  public void close() {
    List<Rates> sorted = new ArrayList<>(rates);
    Collections.sort(sorted, (a, b) -> Double.compare(a.percent(), b.percent()));
    Rates middle = sorted.get(sorted.size() / 2);
    System.out.printf(
        Locale.ROOT,
        "%nmedian of %d: %s, %d rows, %d thread(s): %.2f GB/s of cache, %.2f GB/s of reading,"
            + " %.0f %% (from %.0f to %.0f)%n",
        sorted.size(),
        format,
        context,
        threads,
        middle.decode(),
        middle.read(),
        middle.percent(),
        sorted.getFirst().percent(),
        sorted.getLast().percent());
    team.close();
    kernel.close();
  }

  private void readPass() {
    team.run(part -> sums[part] = memory.sum(part, threads));
  }
}
