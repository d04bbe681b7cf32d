package dev.kvasir.ir.policy;

/**
 * What the meaning of a policy depends on in a model.
 *
 * @param modelType the {@code model_type} of the model's config, such as {@code llama}
 * @param layers the number of layers, at least 1
 * @param kvHeads the number of KV heads in a layer, at least 1
 * @param maxPositions the longest context, in tokens, at least 1
 */
public record ModelFacts(String modelType, int layers, int kvHeads, int maxPositions) {
  /** Refuses models without layers, heads or positions. */
  public ModelFacts {
    if (layers < 1 || kvHeads < 1 || maxPositions < 1) {
      throw new IllegalArgumentException(
          "a model has layers, KV heads and positions, got "
              + layers
              + ", "
              + kvHeads
              + ", "
              + maxPositions);
    }
  }
}
