package dev.kvasir.passes;

import dev.kvasir.ir.policy.TechniqueSpec;

/** A pass that carries out the uses of one technique; without one it changes nothing. */
public interface TechniquePass extends Pass {
  /** {@return what a policy may write, under the name that is also the pass's id} */
  TechniqueSpec spec();
}
