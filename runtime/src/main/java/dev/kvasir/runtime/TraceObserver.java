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
}
