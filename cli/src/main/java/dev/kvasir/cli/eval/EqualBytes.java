package dev.kvasir.cli.eval;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.passes.analysis.CacheFootprint;
import java.util.HashMap;
import java.util.Map;

/** Finds how many rows a baseline may keep in as many bytes as a policy. */
final class EqualBytes {
  /** A page: fewer rows do not take fewer bytes. */
  private static final int UNIT = CacheFootprint.PAGE_ROWS;

  private final Baseline baseline;
  private final Model model;
  private final CompilerOptions options;
  private final int context;
  private final Map<Integer, Graph> graphs = new HashMap<>();

  /**
   * @param options for sessions of the context of the policy's plan
   */
  EqualBytes(Baseline baseline, Model model, CompilerOptions options) {
    this.baseline = baseline;
    this.model = model;
    this.options = options;
    this.context = Compiler.context(model, options);
  }

  /** What was found. */
  sealed interface Found {
    /**
     * A baseline of as many bytes, or a little fewer.
     *
     * @param rows that it keeps, the most that fit
     */
    record Rows(int rows) implements Found {}

    /** There is none, or none that says anything. */
    record Nothing(String reason) implements Found {}
  }

  /**
   * {@return the largest baseline that takes at most {@code bytes} when a cache holds {@code
   * tokens}}
   */
  Found largest(long bytes, int tokens) {
    if (bytes(UNIT, tokens) > bytes) {
      return new Found.Nothing(
          "no cache of %s is as small at %,d tokens".formatted(baseline.keeps(), tokens));
    }
    int fits = 1;
    int tooMany = Math.ceilDiv(tokens, UNIT);
    if (tooMany <= fits || bytes(tooMany * UNIT, tokens) <= bytes) {
      return new Found.Nothing("%,d tokens fit whole into as many bytes".formatted(tokens));
    }
    while (tooMany - fits > 1) {
      int middle = (fits + tooMany) >>> 1;
      if (bytes(middle * UNIT, tokens) <= bytes) {
        fits = middle;
      } else {
        tooMany = middle;
      }
    }
    return new Found.Rows(fits * UNIT);
  }

  private long bytes(int rows, int tokens) {
    Graph graph =
        graphs.computeIfAbsent(
            rows, count -> Compiler.transform(model, baseline.policy(count), options));
    return CacheFootprint.of(graph, tokens, context).bytes();
  }
}
