package dev.kvasir.codegen.driver;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.TrustedPlans;
import java.io.IOException;

/**
 * The result of compiling.
 *
 * @param plan ready to save or to load
 * @param report what was done
 */
public record Compilation(Plan plan, CompileReport report) {

  /** {@return this, with a warning where the plan could not be added to {@code trusted}} */
  Compilation keptIn(TrustedPlans trusted) {
    try {
      trusted.add(plan);
      return this;
    } catch (IOException e) {
      Diagnostic warning =
          Diagnostic.warning(
                  DiagnosticCode.PLAN_NOT_KEPT,
                  "",
                  "the plan cannot be kept among those that this user compiled: " + e.getMessage())
              .withNote(
                  "its kernels have no bounds checks: runs of it need --trust-kernels"
                      + " (LoadOptions.trustKernels)");
      return new Compilation(plan, report.withWarning(warning));
    }
  }
}
