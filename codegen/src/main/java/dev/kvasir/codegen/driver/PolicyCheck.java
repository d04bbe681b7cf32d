package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.calibration.CalibrationSet;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.Calibrations;
import dev.kvasir.ir.policy.Convolutions;
import dev.kvasir.ir.policy.HeadScores;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.PolicyAst;
import dev.kvasir.ir.policy.PolicyResolver;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.passes.Passes;
import java.util.Optional;
import java.util.OptionalInt;

/** Checks a policy against the known techniques and a model. */
public final class PolicyCheck {

  /** Larger than any model that is run in one process: a set within it may still be outside one. */
  private static final int ANY_LAYERS = 512;

  private static final int ANY_KV_HEADS = 64;

  private PolicyCheck() {}

  /**
   * {@return the policy with every value spelled out, without a model: names, types, ranges and
   * combinations are checked, sets only against a model of 512 layers with 64 KV heads, a share
   * takes the first of them, and there are weights for every fold}
   *
   * @throws dev.kvasir.ir.diag.CompileException when it makes sense for no model
   */
  public static ResolvedPolicy check(Policy policy) {
    String modelType = policy.ast().model().map(PolicyAst.Identifier::text).orElse("any");
    ModelFacts facts = new ModelFacts(modelType, ANY_LAYERS, ANY_KV_HEADS, Integer.MAX_VALUE);
    HeadScores anyScores = HeadScores.equal("no model", ANY_LAYERS, ANY_KV_HEADS);
    return PolicyResolver.resolve(policy, Passes.techniques(), facts, new AnyModel(anyScores));
  }

  /** What no model lacks. */
  private record AnyModel(HeadScores scores) implements Calibrations {
    @Override
    public Optional<HeadScores> headScores() {
      return Optional.of(scores);
    }

    @Override
    public Optional<Convolutions> convolutions() {
      return Optional.of(Convolutions.ANY);
    }
  }

  /**
   * {@return the policy with every value and set spelled out; shares and weights are those of the
   * calibrations in the model's folder}
   *
   * @throws dev.kvasir.ir.diag.CompileException when it does not make sense for the model
   */
  public static ResolvedPolicy check(Policy policy, Model model) {
    return check(policy, model, CalibrationSet.NONE);
  }

  /**
   * {@return the policy with every value and set spelled out}
   *
   * @param given what was made for the model; of kinds that are missing, those in the model's
   *     folder are read where the policy needs them
   * @throws dev.kvasir.ir.diag.CompileException when it does not make sense for the model, or a
   *     calibration is of another one
   */
  public static ResolvedPolicy check(Policy policy, Model model, CalibrationSet given) {
    return check(policy, model, new ModelCalibrations(model, given));
  }

  static ResolvedPolicy check(Policy policy, Model model, ModelCalibrations calibrations) {
    ModelConfig config = model.config();
    ModelFacts facts =
        new ModelFacts(
            config.modelType(),
            config.layers(),
            config.kvHeads(),
            config.maxPositions(),
            OptionalInt.of(config.headDim()),
            TextFacts.hasTokenizer(model));
    return PolicyResolver.resolve(policy, Passes.techniques(), facts, calibrations);
  }
}
