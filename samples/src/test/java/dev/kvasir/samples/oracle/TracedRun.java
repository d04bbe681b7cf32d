package dev.kvasir.samples.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.samples.oracle.TraceOracle.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/** Traces a case with random weights and checks the trace. */
final class TracedRun {
  private static final int MOST_RUNS = 5;

  private TracedRun() {}

  /** {@return what was seen in a trace in which all is as it should be} */
  static Report check(OracleCase of, Path folder) throws IOException {
    for (int run = 1; run < MOST_RUNS; run++) {
      try {
        return checkOnce(of, folder);
      } catch (UndecidedException e) {
        // Other weights have other ties.
      }
    }
    return checkOnce(of, folder);
  }

  private static Report checkOnce(OracleCase run, Path folder) throws IOException {
    long seed = new Random().nextLong();
    try (TraceFile file = new TraceFile(run.trace(folder, seed))) {
      assertThat(file.integers("tokens")).hasSize(run.context());
      Report report = TraceOracle.check(file, run.context());
      if (report.undecided() > Math.max(1, run.kvHeads() * run.layers() / 2)) {
        throw new UndecidedException("rounding decided in most heads what was kept");
      }
      return report;
    } catch (AssertionError e) {
      throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
    }
  }
}
