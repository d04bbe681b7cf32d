package dev.kvasir.ir.policy;

/** What a set counts: whole layers, or KV heads one by one. */
public enum TargetAxis {
  LAYERS("layers", "layer"),
  HEADS("heads", "head");

  private final String word;
  private final String singular;

  TargetAxis(String word, String singular) {
    this.word = word;
    this.singular = singular;
  }

  /** The word a policy writes after {@code on}. */
  public String word() {
    return word;
  }

  /** The word for one member. */
  public String singular() {
    return singular;
  }
}
