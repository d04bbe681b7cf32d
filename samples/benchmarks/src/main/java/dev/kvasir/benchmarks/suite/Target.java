package dev.kvasir.benchmarks.suite;

/**
 * What a piece of work is to reach, and what it reached.
 *
 * @param work what is done
 * @param target what it is to reach
 * @param measured what it reached, in the target's terms; a dash when the run has not measured it
 * @param limit what bounds it; a dash for ratios
 * @param percent the part of its own limit that it reached
 * @param verdict whether that is enough
 */
record Target(
    String work, String target, String measured, String limit, String percent, Verdict verdict) {

  /** Whether a target is reached. */
  enum Verdict {
    /** It is. */
    MET("yes"),
    /** It is not. */
    MISSED("**no**"),
    /** The run has not measured it. */
    UNKNOWN("-");

    private final String text;

    Verdict(String text) {
      this.text = text;
    }

    static Verdict of(boolean met) {
      return met ? MET : MISSED;
    }

    /** {@return the word in tables} */
    String text() {
      return text;
    }
  }
}
