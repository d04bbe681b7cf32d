package dev.kvasir.codegen.driver;

import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.PolicyAst;
import dev.kvasir.ir.policy.PolicyResolver;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.passes.Passes;
import java.util.OptionalInt;

/** Checks a policy against the known techniques and a model. */
public final class PolicyCheck {

  /** Larger than any model that is run in one process: a set within it may still be outside one. */
  private static final int ANY_LAYERS = 512;

  private static final int ANY_KV_HEADS = 64;

  private PolicyCheck() {}

  /**
   * {@return the policy with every value spelled out, without a model: names, types, ranges and
   * combinations are checked, sets only against a model of 512 layers with 64 KV heads}
   *
   * @throws dev.kvasir.ir.diag.CompileException when it makes sense for no model
   */
  public static ResolvedPolicy check(Policy policy) {
    String modelType = policy.ast().model().map(PolicyAst.Identifier::text).orElse("any");
    ModelFacts facts = new ModelFacts(modelType, ANY_LAYERS, ANY_KV_HEADS, Integer.MAX_VALUE);
    return PolicyResolver.resolve(policy, Passes.techniques(), facts);
  }

  /**
   * {@return the policy with every value and set spelled out}
   *
   * @throws dev.kvasir.ir.diag.CompileException when it does not make sense for the model
   */
  public static ResolvedPolicy check(Policy policy, Model model) {
    ModelConfig config = model.config();
    ModelFacts facts =
        new ModelFacts(
            config.modelType(),
            config.layers(),
            config.kvHeads(),
            config.maxPositions(),
            OptionalInt.of(config.headDim()));
    return PolicyResolver.resolve(policy, Passes.techniques(), facts);
  }
}
