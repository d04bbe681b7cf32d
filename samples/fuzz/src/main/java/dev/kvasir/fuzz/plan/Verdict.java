package dev.kvasir.fuzz.plan;

import dev.kvasir.ir.diag.DiagnosticCode;

/** What became of a case. */
sealed interface Verdict {

  /** The plan computed what the graph means. */
  record Agreed() implements Verdict {}

  /**
   * The compiler told the user what is wrong with the policy.
   *
   * @param code of its first error
   * @param message the error
   */
  record Refused(DiagnosticCode code, String message) implements Verdict {}

  /**
   * The graph's own results jump when its weights move by no more than floats are off, as where two
   * rows compete for the last place: no plan can be held to them.
   *
   * @param cosine of the evaluator's results with and without that, the least of those tried
   */
  record Undecided(double cosine) implements Verdict {}

  /**
   * The plan computed something else.
   *
   * @param step where first, counted from the prompt's last row
   * @param cosine of the logits there with the expected ones
   */
  record Wrong(int step, double cosine) implements Verdict {}

  /**
   * Something broke.
   *
   * @param failure what was thrown
   */
  record Broken(RuntimeException failure) implements Verdict {}

  /** {@return whether this is a bug} */
  default boolean isBug() {
    return switch (this) {
      case Agreed _, Refused _, Undecided _ -> false;
      case Wrong _, Broken _ -> true;
    };
  }
}
