package dev.kvasir.benchmarks;

import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Param;

/** Attention over one layer, by the shape of its heads. */
@NullUnmarked // fields are set before each trial
public abstract class Attention extends Measured {

  /** Query heads. */
  @Param("32")
  public int queryHeads;

  /** KV heads. */
  @Param("8")
  public int kvHeads;

  /** Elements of a row. */
  @Param("128")
  public int headDim;

  /** {@return attention over {@code context} rows} */
  final AttentionCase shape(int context, CacheFormat format) {
    return new AttentionCase(queryHeads, kvHeads, headDim, context, format);
  }
}
