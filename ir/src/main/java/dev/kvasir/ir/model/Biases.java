package dev.kvasir.ir.model;

/**
 * Which projections add a bias to their product.
 *
 * @param queryKeyValue the projections to queries, keys and values
 * @param output the projection behind attention
 * @param feedForward the three projections of SwiGLU
 */
public record Biases(boolean queryKeyValue, boolean output, boolean feedForward) {
  /** No bias anywhere. */
  public static final Biases NONE = new Biases(false, false, false);
}
