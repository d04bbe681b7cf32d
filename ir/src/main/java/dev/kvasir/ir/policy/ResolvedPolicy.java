package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import java.util.List;

/**
 * A policy that has its meaning for one model: typed values, explicit sets, techniques that can be
 * used together.
 *
 * @param name the name that the policy gives itself
 * @param facts the model it is resolved for
 * @param uses the technique uses, in the order of the technique specifications, then of their first
 *     heads: a policy chooses techniques and does not order them
 * @param limits the bounds, in the order written
 * @param warnings what the user should know and may ignore
 */
public record ResolvedPolicy(
    String name,
    ModelFacts facts,
    List<TechniqueUse> uses,
    List<ByteLimit> limits,
    List<Diagnostic> warnings) {
  /** Copies the lists. */
  public ResolvedPolicy {
    uses = List.copyOf(uses);
    limits = List.copyOf(limits);
    warnings = List.copyOf(warnings);
  }

  /** The uses of one technique; their targets share no KV head. */
  public List<TechniqueUse> uses(String technique) {
    return uses.stream().filter(use -> use.technique().equals(technique)).toList();
  }

  /** How the sets were chosen that the policy gives as shares, in the order of the uses. */
  public List<CalibratedChoice> calibratedChoices() {
    return uses.stream()
        .flatMap(use -> use.arguments().values().values().stream())
        .filter(ParameterValue.SetValue.class::isInstance)
        .flatMap(value -> ((ParameterValue.SetValue) value).choice().stream())
        .toList();
  }

  /**
   * The resolved policy as one JSON object on one line: {@code policy}, {@code techniques} (each
   * with {@code name}, {@code parameters}, {@code on}) and {@code limits}. A set of layers is
   * {@code {"layers": [1, 3]}}, a set of KV heads {@code {"heads": [[1, 0], [1, 1]]}} as pairs of
   * layer and head. Percentages and amounts of memory are {@code {"percent": 12.5}} and {@code
   * {"bytes": 1024}}. Canonical: policies that mean the same differ in the name alone.
   */
  public String toJson() {
    return ResolvedPolicyJson.write(this);
  }
}
