package dev.kvasir.ir.model;

import dev.kvasir.ir.type.ElementFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The architecture of a Llama-family decoder. Activations are SiLU and logits are not capped;
 * {@link ModelConfigReader} refuses models for which that does not hold.
 *
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width between the projections of SwiGLU
 * @param kvHeads key and value heads, a divisor of {@code queryHeads}
 * @param headDim width of a head; {@code queryHeads * headDim} need not be {@code hiddenSize}
 * @param maxPositions the longest context the model supports, in tokens
 * @param rmsNormEpsilon added to the mean square in every RMSNorm
 * @param biases which projections have a bias
 * @param slidingWindow how many positions a query sees, itself included; empty: all before it
 * @param tiedEmbeddings whether the logits use the embedding table
 * @param torchDtype the weight type that the config announces; files may differ
 * @param int8Weights whether weights of products may be stored as I8 with a scale per output
 * @param beginToken the id put before a text, where the model has one
 * @param endTokens the ids that end a generation, possibly none
 */
public record ModelConfig(
    Architecture architecture,
    int layers,
    int hiddenSize,
    int intermediateSize,
    int queryHeads,
    int kvHeads,
    int headDim,
    int vocabularySize,
    int maxPositions,
    double rmsNormEpsilon,
    RopeConfig rope,
    Biases biases,
    OptionalInt slidingWindow,
    boolean tiedEmbeddings,
    Optional<ElementFormat> torchDtype,
    boolean int8Weights,
    OptionalInt beginToken,
    List<Integer> endTokens) {

  /** Refuses numbers that describe no model. */
  public ModelConfig {
    endTokens = List.copyOf(endTokens);
    requirePositive("layers", layers);
    requirePositive("hiddenSize", hiddenSize);
    requirePositive("intermediateSize", intermediateSize);
    requirePositive("queryHeads", queryHeads);
    requirePositive("kvHeads", kvHeads);
    requirePositive("headDim", headDim);
    requirePositive("vocabularySize", vocabularySize);
    requirePositive("maxPositions", maxPositions);
    requirePositive("slidingWindow", slidingWindow.orElse(1));
    if (queryHeads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "expected query heads in groups of equal size, got " + queryHeads + " over " + kvHeads);
    }
    Math.multiplyExact(queryHeads, headDim);
    if (rope.rotaryDimensions() > headDim) {
      throw new IllegalArgumentException(
          "expected at most %d rotary dimensions, got %d"
              .formatted(headDim, rope.rotaryDimensions()));
    }
    if (!(rmsNormEpsilon > 0) || Double.isInfinite(rmsNormEpsilon)) {
      throw new IllegalArgumentException("expected an epsilon above 0, got " + rmsNormEpsilon);
    }
  }

  /** {@return the name by which a policy's {@code for} and {@code model_type} call the family} */
  public String modelType() {
    return architecture.modelType();
  }

  /** {@return how many query heads share a KV head} */
  public int groupSize() {
    return queryHeads / kvHeads;
  }

  /** {@return rows of the query projection: all query heads side by side} */
  public int queryWidth() {
    return queryHeads * headDim;
  }

  /** {@return rows of the key projection and of the value projection} */
  public int kvWidth() {
    return kvHeads * headDim;
  }

  /** {@return the factor on q.k in attention, 1 / sqrt(headDim)} */
  public double softmaxScale() {
    return 1 / Math.sqrt(headDim);
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("expected " + name + " from 1, got " + value);
    }
  }
}
