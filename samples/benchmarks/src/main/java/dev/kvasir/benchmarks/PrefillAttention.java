package dev.kvasir.benchmarks;

import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Attention of a prompt over itself: f32 rows, one layer. */
@NullUnmarked // fields are set before each trial
public class PrefillAttention extends Attention {

  /** Rows of the prompt. */
  @Param("4096")
  public int context;

  @Override
  Workload open(Team workers) {
    return new PrefillWork(shape(context, CacheFormat.F32), workers);
  }

  /** One prompt. */
  @Benchmark
  public void prefill() {
    operate();
  }
}
