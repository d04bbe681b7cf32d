package dev.kvasir.plans.verify;

import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;

/** Refuses a kernel class. */
final class Refusal {

  private Refusal() {}

  /** {@return the refusal of something at {@code place}} */
  static PlanException of(String place, String problem) {
    return new PlanException(Reason.UNSAFE_KERNEL, place, problem);
  }

  /** Refuses unless {@code holds}. */
  static void require(boolean holds, String place, String problem) throws PlanException {
    if (!holds) {
      throw of(place, problem);
    }
  }
}
