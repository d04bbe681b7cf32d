package dev.kvasir.benchmarks;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
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
 * What all benchmarks share: after each iteration they measure what the machine can do, with the
 * same number of threads, and say which part of that limit the work reached. Before anything is
 * timed, and at the end, what the work computes is checked.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 1, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-Xmx4g"
    })
@NullUnmarked // fields are set before each trial
public abstract class Measured {

  /** Threads that share the work. */
  @Param("1")
  public int threads;

  /** What operations read has together at least this many bytes, far beyond every cache. */
  static final long COLD_BYTES = 1L << 30;

  private Team team;
  private Limits limits;
  private Workload work;
  private long nanos;
  private long calls;

  /** {@return the work to time} */
  abstract Workload open(Team workers);

  /** Prepares the work, checks it, and runs it until it is compiled. */
  @Setup(Level.Trial)
  public void openWork() {
    team = new Team(threads);
    work = open(team);
    limits = new Limits(team, work.memory(), COLD_BYTES);
    work.run();
    work.check();
    new WarmUp()
        .run(
            () -> {
              work.prepare();
              work.run();
            });
  }

  /** Starts the count of an iteration. */
  @Setup(Level.Iteration)
  public void startIteration() {
    nanos = 0;
    calls = 0;
    work.nanosBeyondKernels();
  }

  /** Does one operation. */
  final void operate() {
    work.prepare();
    long start = System.nanoTime();
    work.run();
    nanos += System.nanoTime() - start;
    calls++;
  }

  /** Measures the limits, and tells which part of them the iteration reached. */
  @TearDown(Level.Iteration)
  public void compare(IterationParams iteration) {
    if (iteration.getType() == IterationType.MEASUREMENT) {
      Sample sample =
          new Sample(
              (double) nanos / calls,
              work.bytes(),
              work.operations(),
              limits.bytesPerSecond(),
              limits.operationsPerSecond(),
              work.nanosBeyondKernels());
      System.out.printf("[%s] ", sample.text());
      sample.save();
    }
  }

  /** Checks the work once more and frees its memory. */
  @TearDown(Level.Trial)
  public void closeWork() {
    work.check();
    limits.close();
    work.close();
    team.close();
  }
}
