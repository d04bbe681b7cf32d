package dev.kvasir.benchmarks;

import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Writing the rows of 64 decoded tokens into one layer, row by row. */
@NullUnmarked // fields are set before each trial
public class Append extends Measured {

  /** KV heads. */
  @Param("8")
  public int kvHeads;

  /** Elements of a row. */
  @Param("128")
  public int headDim;

  /** How rows are stored. */
  @Param({"F32", "BF16", "F16", "INT8", "K8V4", "INT4"})
  public CacheFormat format;

  private static final int CONTEXT = 32_768;

  @Override
  Workload open(Team workers) {
    return new AppendWork(
        new AttentionCase(kvHeads, kvHeads, headDim, CONTEXT, format), workers, COLD_BYTES);
  }

  /** One page of tokens. */
  @Benchmark
  public void page() {
    operate();
  }
}
