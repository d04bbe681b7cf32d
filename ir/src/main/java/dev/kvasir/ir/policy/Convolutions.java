package dev.kvasir.ir.policy;

import dev.kvasir.ir.type.Fold;
import java.util.List;
import java.util.Optional;

/** The weights with which rows are folded, as far as a policy has to fit them. */
@FunctionalInterface
public interface Convolutions {
  /** Weights for everything, where there is no model yet that any could be of. */
  Convolutions ANY = (fold, layers) -> Optional.empty();

  /**
   * {@return how the weights differ from what is needed, a sentence; empty when they fit}
   *
   * @param fold how rows are to be folded
   * @param layers where, ascending
   */
  Optional<String> misfit(Fold fold, List<Integer> layers);
}
