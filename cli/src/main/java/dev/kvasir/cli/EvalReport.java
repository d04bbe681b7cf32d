package dev.kvasir.cli;

import dev.kvasir.cli.eval.Baseline;
import dev.kvasir.cli.eval.Results;

/**
 * What {@code eval} found.
 *
 * @param model the model in a line
 * @param text where the text came from
 * @param results all that was measured
 */
record EvalReport(String model, String text, Results results) {

  /** {@return why a baseline that was asked for was not measured} */
  static String unavailable(Baseline baseline) {
    return "baseline %s (%s of equal bytes): not available, this compiler has no technique %s"
        .formatted(baseline, baseline.keeps(), baseline.technique());
  }
}
