package dev.kvasir.passes;

import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.ir.type.ElementFormat;

/**
 * What passes know besides the graph.
 *
 * @param modelName the graph's name; letters, digits and underscores
 * @param model the architecture
 * @param policy the techniques to carry out
 * @param storage how the target stores cache rows unless the policy says otherwise
 * @param context the most tokens that a sequence may have
 */
public record PassContext(
    String modelName,
    ModelConfig model,
    ResolvedPolicy policy,
    ElementFormat storage,
    int context) {

  /** Sequences as long as the model can take. */
  public PassContext(
      String modelName, ModelConfig model, ResolvedPolicy policy, ElementFormat storage) {
    this(modelName, model, policy, storage, model.maxPositions());
  }

  /**
   * {@return a graph name for a model that people call {@code name}: what no graph name can contain
   * becomes an underscore}
   */
  public static String graphName(String name) {
    String safe = name.replaceAll("[^A-Za-z0-9_]", "_");
    return safe.matches("[A-Za-z_].*") ? safe : "model_" + safe;
  }
}
