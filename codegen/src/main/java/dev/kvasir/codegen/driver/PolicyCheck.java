package dev.kvasir.codegen.driver;

import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.PolicyResolver;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.passes.Passes;

/** Checks a policy against the known techniques and a model. */
public final class PolicyCheck {

  private PolicyCheck() {}

  /**
   * {@return the policy with every value and set spelled out}
   *
   * @throws dev.kvasir.ir.diag.CompileException when it does not make sense for the model
   */
  public static ResolvedPolicy check(Policy policy, Model model) {
    return check(policy, model.config(), model.config().maxPositions());
  }

  static ResolvedPolicy check(Policy policy, ModelConfig config, int context) {
    ModelFacts facts =
        new ModelFacts(config.modelType(), config.layers(), config.kvHeads(), context);
    return PolicyResolver.resolve(policy, Passes.techniques(), facts);
  }
}
