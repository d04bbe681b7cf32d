package dev.kvasir.benchmarks.fusion;

import java.util.List;

/**
 * A policy that is measured.
 *
 * @param name what tables call it
 * @param uses its techniques
 * @param ring recent rows that streaming heads keep; 0 without any
 */
record FusedPolicy(String name, String uses, int ring) {

  /** {@return the policy's text} */
  String text() {
    return "policy " + name + " { " + uses + " }";
  }

  /**
   * {@return a policy that is measured; {@code full} is plain attention over all rows}
   *
   * @param tokens of the prompt
   */
  static FusedPolicy named(String name, int tokens) {
    return all(tokens).stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
  }

  private static List<FusedPolicy> all(int tokens) {
    int ring = Math.max(256, tokens / 5);
    return List.of(
        new FusedPolicy(Parts.FULL, "", 0),
        new FusedPolicy(
            "snapkv",
            "use select-window(budget = 12%, window = 1, per-head = true, pool = 7, score = max,"
                + " tail = 512);",
            0),
        new FusedPolicy(
            "windowkv", "use select-window(budget = 12%, window = 8, share = 2, tail = 512);", 0),
        new FusedPolicy(
            "streaming",
            "use group-heads(criterion = layer, retrieval = [], sink = 4, recent = %d);"
                .formatted(ring),
            ring),
        new FusedPolicy(
            "razor",
            ("use group-heads(criterion = layer, retrieval = [], sink = 4, recent = %d,"
                    + " compensate = true);")
                .formatted(ring),
            ring),
        new FusedPolicy(
            Parts.MINICACHE, "use merge-layers(from = 0%, t = 0.6, retain = 5%, tail = 128);", 0),
        new FusedPolicy(
            "zigzag",
            "use group-heads(criterion = layer, retrieval = [0], sink = 4, recent = 256);",
            256),
        new FusedPolicy(
            "duo",
            "use group-heads(criterion = head, retrieval = [head(0, 0), head(0, 1), head(0, 2),"
                + " head(0, 3), head(1, 0), head(1, 1), head(1, 2), head(1, 3)], sink = 4,"
                + " recent = 256);",
            256));
  }
}
