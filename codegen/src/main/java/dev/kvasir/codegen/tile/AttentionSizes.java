package dev.kvasir.codegen.tile;

/**
 * The shape of a model's attention as far as tiles depend on it.
 *
 * @param group query heads that share a KV head
 * @param kvHeads KV heads of a layer
 * @param keyDim elements of a key row
 * @param valueDim elements of a value row
 * @param context most true tokens of a session
 */
public record AttentionSizes(int group, int kvHeads, int keyDim, int valueDim, int context) {

  /** Checks that every figure is positive. */
  public AttentionSizes {
    if (Math.min(Math.min(group, kvHeads), Math.min(Math.min(keyDim, valueDim), context)) < 1) {
      throw new IllegalArgumentException("attention has positive sizes");
    }
  }
}
