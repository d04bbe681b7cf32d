package dev.kvasir.benchmarks;

import dev.kvasir.ir.type.ElementFormat;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/**
 * The product of activations with weights of 14,336 outputs and 4,096 inputs that are cold: one row
 * as in decode, 512 rows as in prefill.
 */
@NullUnmarked // fields are set before each trial
public class MatVec extends Measured {

  /** Rows of the weights. */
  @Param("14336")
  public int outputs;

  /** Columns of the weights. */
  @Param("4096")
  public int inputs;

  /** Activation rows. */
  @Param({"1", "512"})
  public int rows;

  /** How weights are stored. */
  @Param({"F32", "BF16", "F16", "I8"})
  public ElementFormat format;

  @Override
  Workload open(Team workers) {
    return new ProductWork(rows, outputs, inputs, format, workers, COLD_BYTES);
  }

  /** One product. */
  @Benchmark
  public void product() {
    operate();
  }
}
