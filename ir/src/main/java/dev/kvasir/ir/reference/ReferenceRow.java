package dev.kvasir.ir.reference;

/**
 * A row of one KV head as it is read.
 *
 * @param position its true position, or -1 for one that is mixed of others
 * @param key after RoPE, [keyDim]
 * @param value [valueDim]
 */
public record ReferenceRow(int position, double[] key, double[] value) {

  /** {@return whether a query sees it} */
  boolean isSeenFrom(int queryPosition) {
    return position <= queryPosition;
  }
}
