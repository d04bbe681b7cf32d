package dev.kvasir.ir.policy;

/**
 * Says on which KV heads of its target a use does what its role says; it leaves the others alone.
 */
@FunctionalInterface
public interface UseClaim {
  /** {@return those heads; none that is not in the target counts} */
  HeadSet claimed(TechniqueUse use, ModelFacts facts);
}
