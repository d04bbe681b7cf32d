package dev.kvasir.codegen.driver;

import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;

/** The compiler in one call. */
public final class Kvasir {

  private Kvasir() {}

  /**
   * {@return the plan of a model under a policy, for the model's whole context}
   *
   * @throws dev.kvasir.ir.diag.CompileException when the policy does not fit the model
   */
  public static Plan compile(Model model, Policy policy, Target target) {
    return Compiler.compile(model, policy, CompilerOptions.defaults().withTarget(target)).plan();
  }
}
