package dev.kvasir.ir.policy;

import java.util.Optional;

/**
 * What was measured on a model, for the choices that a policy leaves to measurements. A policy that
 * leaves none is resolved without asking.
 */
@FunctionalInterface
public interface Calibrations {

  /** {@return how much each KV head retrieves, if that was measured; of the model in question} */
  Optional<HeadScores> headScores();

  /** {@return no measurements} */
  static Calibrations none() {
    return Optional::empty;
  }
}
