package dev.kvasir.ir.policy;

/** What a {@code limit} bounds. */
public enum LimitKind {
  /** The bytes that stay resident after every step: all segments, scales, positions and tails. */
  KV_BYTES("kv-bytes"),
  /** The resident bytes and the scratch of a step. */
  PEAK_BYTES("peak-bytes");

  private final String word;

  LimitKind(String word) {
    this.word = word;
  }

  /** The word a policy writes. */
  public String word() {
    return word;
  }
}
