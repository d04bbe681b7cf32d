package dev.kvasir.passes;

/** Watches a pipeline: dumps, timings, progress. */
@FunctionalInterface
public interface PassListener {
  /** A listener that ignores everything. */
  PassListener NONE = event -> {};

  /** Called after each pass, in order. */
  void afterPass(PassEvent event);
}
