package dev.kvasir.runtime;

import dev.kvasir.plans.Plan;

/** Keeps kernels whose memory accesses nobody checks from running unasked. */
final class KernelTrust {

  private KernelTrust() {}

  /** {@return the refusal of a plan that nobody says to trust} */
  static KvasirException refusal(Plan plan) {
    return new KvasirException(
        ErrorCode.KERNELS_UNTRUSTED,
        "kernels of target %s have no bounds checks: a wrong or hostile one can do anything that"
                .formatted(plan.manifest().target())
            + " this process can; compile the policy yourself, or load the plan with"
            + " --trust-kernels (LoadOptions.trustKernels)");
  }
}
