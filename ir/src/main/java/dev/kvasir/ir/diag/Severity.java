package dev.kvasir.ir.diag;

/** How much a diagnostic weighs: an error stops the stage that found it, a warning does not. */
public enum Severity {
  ERROR("error"),
  WARNING("warning");

  private final String word;

  Severity(String word) {
    this.word = word;
  }

  /** The lower-case word that a rendered diagnostic shows. */
  public String word() {
    return word;
  }
}
