package dev.kvasir.passes;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphPrinter;
import java.time.Duration;
import java.util.Locale;

/**
 * A pass that has run.
 *
 * @param number its place in the pipeline, from 1
 * @param passId the pass
 * @param before the graph it was given
 * @param after the graph it made, already verified
 * @param time how long the pass took, without verification
 */
public record PassEvent(int number, String passId, Graph before, Graph after, Duration time) {

  /** {@return whether the pass did anything} */
  public boolean changed() {
    return !before.equals(after);
  }

  /** {@return a file name for a dump of the graph, for example {@code 01-build-graph.kvir}} */
  public String dumpFileName() {
    return String.format(Locale.ROOT, "%02d-%s.kvir", number, passId);
  }

  /** {@return what a dump holds: the graph as text, or a line that says that nothing changed} */
  public String dumpText() {
    return changed() ? GraphPrinter.print(after) : "(unchanged)\n";
  }
}
