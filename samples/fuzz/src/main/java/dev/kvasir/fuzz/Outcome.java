package dev.kvasir.fuzz;

/** What became of a mutant. */
sealed interface Outcome {

  /** It was read, checked and loaded. */
  record Accepted() implements Outcome {}

  /**
   * It was refused as the documentation says.
   *
   * @param code the stable code or reason of the refusal
   */
  record Refused(String code) implements Outcome {}

  /** Something happened that no documentation allows. */
  record Finding(Throwable what) implements Outcome {}
}
