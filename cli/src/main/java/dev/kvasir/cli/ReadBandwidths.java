package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.backend.JvmBackend;

/** Of which plans it can be said what share of the read bandwidth they take. */
final class ReadBandwidths {

  /** Why it cannot be said of the others. */
  static final String WHY_NOT = "it is measured for target jvm alone";

  private ReadBandwidths() {}

  /** {@return whether a plan's kernels read memory whose bandwidth can be measured} */
  static boolean measurable(Plan plan) {
    return plan.manifest().target().equals(JvmBackend.TARGET);
  }
}
