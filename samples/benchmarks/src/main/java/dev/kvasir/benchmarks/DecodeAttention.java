package dev.kvasir.benchmarks;

import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Attention of one new token over one layer whose cache is cold, by our kernels and by peers. */
@NullUnmarked // fields are set before each trial
public class DecodeAttention extends Attention {

  /** Rows of each KV head. */
  @Param({"4096", "32768"})
  public int context;

  /** How they are stored; ONNX Runtime knows F32 and F16, a plain loop F32. */
  @Param({"F32", "BF16", "F16", "INT8", "K8V4", "INT4"})
  public CacheFormat format;

  /** Who attends. */
  @Param("KVASIR")
  public Implementation implementation;

  @Override
  Workload open(Team workers) {
    AttentionCase shape = shape(context, format);
    return switch (implementation) {
      case KVASIR -> new DecodeWork(shape, workers, COLD_BYTES);
      case ONNX_RUNTIME -> new OnnxAttention(shape, workers.threads(), COLD_BYTES);
      case PLAIN_JAVA -> new PlainAttention(shape, workers, COLD_BYTES);
    };
  }

  /** One token. */
  @Benchmark
  public void decode() {
    operate();
  }
}
