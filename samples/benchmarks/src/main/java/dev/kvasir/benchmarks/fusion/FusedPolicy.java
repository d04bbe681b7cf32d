package dev.kvasir.benchmarks.fusion;

import java.util.List;

/**
 * A policy that is measured.
 *
 * @param name what tables call it
 * @param uses its techniques
 */
record FusedPolicy(String name, String uses) {

  /** {@return the policy's text} */
  String text() {
    return "policy " + name + " { " + uses + " }";
  }

  /**
   * {@return what is measured; the first is plain attention over all rows}
   *
   * @param tokens of the prompt
   */
  static List<FusedPolicy> all(int tokens) {
    int ring = Math.max(256, tokens / 5);
    return List.of(
        new FusedPolicy("full", ""),
        new FusedPolicy(
            "snapkv",
            "use select-window(budget = 12%, window = 1, per-head = true, pool = 7, score = max,"
                + " tail = 512);"),
        new FusedPolicy(
            "windowkv", "use select-window(budget = 12%, window = 8, share = 2, tail = 512);"),
        new FusedPolicy(
            "streaming",
            "use group-heads(criterion = layer, retrieval = [], sink = 4, recent = %d);"
                .formatted(ring)),
        new FusedPolicy(
            "razor",
            ("use group-heads(criterion = layer, retrieval = [], sink = 4, recent = %d,"
                    + " compensate = true);")
                .formatted(ring)),
        new FusedPolicy(
            "zigzag",
            "use group-heads(criterion = layer, retrieval = [0], sink = 4, recent = 256);"),
        new FusedPolicy(
            "duo",
            "use group-heads(criterion = head, retrieval = [head(0, 0), head(0, 1), head(0, 2),"
                + " head(0, 3), head(1, 0), head(1, 1), head(1, 2), head(1, 3)], sink = 4,"
                + " recent = 256);"));
  }
}
