package dev.kvasir.ir.policy;

import java.util.Optional;

/**
 * What was measured on a model or trained for it, for what a policy leaves to that. A policy that
 * leaves nothing is resolved without asking.
 */
@FunctionalInterface
public interface Calibrations {

  /** {@return how much each KV head retrieves, if that was measured; of the model in question} */
  Optional<HeadScores> headScores();

  /**
   * {@return the weights with which rows are folded, if there are any; of the model in question}
   */
  default Optional<Convolutions> convolutions() {
    return Optional.empty();
  }

  /** {@return nothing} */
  static Calibrations none() {
    return Optional::empty;
  }
}
