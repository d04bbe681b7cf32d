package dev.kvasir.benchmarks;

import java.nio.file.Path;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Decode steps of the trained sample model through the runtime, its cache complete and in bf16. */
@NullUnmarked // fields are set before each trial
public class EndToEndDecode extends Measured {

  /** Folder of the model. */
  @Param("samples/models/needle")
  public String model;

  /** Most tokens; the first half is a prompt. */
  @Param("2048")
  public int context;

  @Override
  Workload open(Team workers) {
    return new EndToEndWork(Path.of(model), context, workers.threads());
  }

  /** One token. */
  @Benchmark
  public void step() {
    operate();
  }
}
