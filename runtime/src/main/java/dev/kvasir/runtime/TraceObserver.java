package dev.kvasir.runtime;

import java.util.List;

/** Is shown the values that a plan's program marks, while a session computes. */
@FunctionalInterface
public interface TraceObserver {

  /**
   * Called on the session's thread, in program order.
   *
   * @param name for example {@code layer.3.q}
   * @param position true tokens in the cache before the running span
   * @param shape {@code [heads, rows, columns]} or {@code [heads, rows]}
   * @param values row-major, the observer's to keep
   */
  void observe(String name, int position, List<Integer> shape, float[] values);

  /**
   * Called after a span or step, and the rules after it, in which the rows of a segment were chosen
   * from all; once for each such segment, in plan order. Does nothing unless overridden.
   *
   * @param layer decoder layer
   * @param heads KV heads that have the segment, ascending
   * @param positions true positions of the rows that each of them keeps, ascending
   */
  default void chosen(int layer, List<Integer> heads, int[][] positions) {}
}
