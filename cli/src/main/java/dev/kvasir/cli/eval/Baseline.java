package dev.kvasir.cli.eval;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.passes.Passes;
import java.util.Locale;

/** A cache that policies are measured against. */
public enum Baseline {
  /** Every row, stored as the target does by default. */
  FULL("every row", "", "policy full { }"),

  /** The first rows and the latest, in every layer, in as many bytes as the policy. */
  STREAMING(
      "sink + recent",
      "group-heads",
      """
      policy sink-recent {
        use group-heads(criterion = layer, retrieval = [], sink = 4, recent = ROWS);
      }
      """),

  /** Rows drawn at random for each head, in as many bytes as the policy. */
  RANDOM(
      "random rows",
      "select-window",
      """
      policy random-rows {
        use select-window(window = 1, share = 1, per-head = true, score = random(seed = 1), budget = ROWS, observe = 32, tail = 64);
      }
      """);

  private final String keeps;
  private final String technique;
  private final String policy;

  Baseline(String keeps, String technique, String policy) {
    this.keeps = keeps;
    this.technique = technique;
    this.policy = policy;
  }

  /** {@return which rows it keeps, for people} */
  public String keeps() {
    return keeps;
  }

  /** {@return the technique that it needs; empty for none} */
  public String technique() {
    return technique;
  }

  /** {@return whether this compiler has the technique} */
  public boolean available() {
    return technique.isEmpty()
        || Passes.techniques().stream().map(TechniqueSpec::name).anyMatch(technique::equals);
  }

  /**
   * {@return the policy}
   *
   * @param rows how many rows it keeps, where that is to be said
   */
  Policy policy(int rows) {
    return Policy.parse(
        new SourceText(this + ".kvp", policy.replace("ROWS", Integer.toString(rows))));
  }

  /** {@return the name on the command line and in files} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
