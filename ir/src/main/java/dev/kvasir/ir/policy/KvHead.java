package dev.kvasir.ir.policy;

import java.util.Comparator;

/**
 * One KV head of one layer, both counted from 0. Ordered by layer, then head.
 *
 * @param layer the layer
 * @param head the KV head within the layer
 */
public record KvHead(int layer, int head) implements Comparable<KvHead> {
  private static final Comparator<KvHead> ORDER =
      Comparator.comparingInt(KvHead::layer).thenComparingInt(KvHead::head);

  @Override
  public int compareTo(KvHead other) {
    return ORDER.compare(this, other);
  }

  /** The form a policy writes, {@code head(layer, head)}. */
  @Override
  public String toString() {
    return "head(" + layer + ", " + head + ")";
  }
}
