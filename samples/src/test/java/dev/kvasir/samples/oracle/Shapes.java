package dev.kvasir.samples.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which models and lengths a policy is traced with.
 *
 * <p>Normally with the one that is asked for; all of them together have each group of query heads,
 * each head dimension and lengths around every border. With {@code -Dkvasir.oracle=all}, each
 * policy also with every group and dimension, some twenty times as many:
 *
 * <pre>{@code
 * mvn verify -pl samples -am -Dkvasir.oracle=all -Dtest='*TraceTest' -Dsurefire.failIfNoSpecifiedTests=false
 * }</pre>
 */
final class Shapes {
  /** Query heads of a KV head. */
  private static final int[] GROUPS = {1, 2, 4, 8};

  private static final int[] HEAD_DIMS = {32, 64, 96, 128, 256};

  /** Spans, and prompts of two of them, around the borders of pages. */
  private static final int[][] LENGTHS = {{64, 128}, {65, 127}, {70, 129}, {50, 63}, {40, 66}};

  private static final boolean ALL = System.getProperty("kvasir.oracle", "").equals("all");

  private Shapes() {}

  /**
   * {@return the cases of a policy}
   *
   * @param run what it is traced with normally
   */
  static Stream<OracleCase> of(OracleCase run) {
    if (!ALL) {
      return Stream.of(run);
    }
    List<OracleCase> cases = new ArrayList<>(List.of(run));
    for (int group : GROUPS) {
      for (int headDim : HEAD_DIMS) {
        int[] length = LENGTHS[cases.size() % LENGTHS.length];
        OracleCase other = run.with(group * run.kvHeads(), headDim, length[0], length[1]);
        if (!other.equals(run)) {
          cases.add(other);
        }
      }
    }
    return cases.stream();
  }
}
