package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.calibration.HeadCalibration;
import dev.kvasir.ir.model.ModelConfig;
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
   * combinations are checked, sets only against a model of 512 layers with 64 KV heads, and a share
   * takes the first of them}
   *
   * @throws dev.kvasir.ir.diag.CompileException when it makes sense for no model
   */
  public static ResolvedPolicy check(Policy policy) {
    String modelType = policy.ast().model().map(PolicyAst.Identifier::text).orElse("any");
    ModelFacts facts = new ModelFacts(modelType, ANY_LAYERS, ANY_KV_HEADS, Integer.MAX_VALUE);
    HeadScores anyScores = HeadScores.equal("no model", ANY_LAYERS, ANY_KV_HEADS);
    return PolicyResolver.resolve(policy, Passes.techniques(), facts, () -> Optional.of(anyScores));
  }

  /**
   * {@return the policy with every value and set spelled out; shares are those of the calibration
   * in the model's folder}
   *
   * @throws dev.kvasir.ir.diag.CompileException when it does not make sense for the model
   */
  public static ResolvedPolicy check(Policy policy, Model model) {
    return check(policy, model, Optional.empty());
  }

  /**
   * {@return the policy with every value and set spelled out}
   *
   * @param calibration chooses what the policy gives as a share; without one, that in the model's
   *     folder does, which is read only then
   * @throws dev.kvasir.ir.diag.CompileException when it does not make sense for the model, or the
   *     calibration is of another one
   */
  public static ResolvedPolicy check(
      Policy policy, Model model, Optional<HeadCalibration> calibration) {
    calibration.ifPresent(given -> requireFits(given, model));
    ModelConfig config = model.config();
    ModelFacts facts =
        new ModelFacts(
            config.modelType(),
            config.layers(),
            config.kvHeads(),
            config.maxPositions(),
            OptionalInt.of(config.headDim()));
    return PolicyResolver.resolve(
        policy,
        Passes.techniques(),
        facts,
        () -> calibration.or(() -> ofFolder(model)).map(HeadCalibration::scores));
  }

  private static Optional<HeadCalibration> ofFolder(Model model) {
    Optional<HeadCalibration> found = HeadCalibration.ofFolder(model.path());
    found.ifPresent(calibration -> requireFits(calibration, model));
    return found;
  }

  private static void requireFits(HeadCalibration calibration, Model model) {
    calibration.requireFits(model.path(), model.fingerprint(), model.config());
  }
}
