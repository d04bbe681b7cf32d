package dev.kvasir.ir.policy;

import java.util.OptionalInt;

/**
 * What the meaning of a policy depends on in a model.
 *
 * @param modelType the {@code model_type} of the model's config, such as {@code llama}
 * @param layers the number of layers, at least 1
 * @param kvHeads the number of KV heads in a layer, at least 1
 * @param maxPositions the longest context, in tokens, at least 1
 * @param headDim elements of a key and of a value of one head, at least 1; empty when no model is
 *     at hand, which leaves some mistakes to be found later
 * @param tokenized whether it is known which text the model's tokens stand for; true when no model
 *     is at hand
 */
public record ModelFacts(
    String modelType,
    int layers,
    int kvHeads,
    int maxPositions,
    OptionalInt headDim,
    boolean tokenized) {
  /** Refuses models without layers, heads or positions. */
  public ModelFacts {
    if (headDim.isPresent() && headDim.getAsInt() < 1) {
      throw new IllegalArgumentException("a head has elements, got " + headDim.getAsInt());
    }
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

  /** Facts about a model whose head dimension is not known. */
  public ModelFacts(String modelType, int layers, int kvHeads, int maxPositions) {
    this(modelType, layers, kvHeads, maxPositions, OptionalInt.empty());
  }

  /** Facts about a model with a tokenizer. */
  public ModelFacts(
      String modelType, int layers, int kvHeads, int maxPositions, OptionalInt headDim) {
    this(modelType, layers, kvHeads, maxPositions, headDim, true);
  }
}
