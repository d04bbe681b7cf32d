package dev.kvasir.cli;

/** What streams at a time while heads are measured. */
enum HeadCriterion {
  HEAD("head"),
  LAYER("layer");

  private final String word;

  HeadCriterion(String word) {
    this.word = word;
  }

  @Override
  public String toString() {
    return word;
  }

  /** Reads and lists the words. */
  static final class Converter extends NameConverter<HeadCriterion> {
    Converter() {
      super(values());
    }
  }
}
