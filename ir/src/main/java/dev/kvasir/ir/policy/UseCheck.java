package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import java.util.List;

/** Finds what is wrong with a use whose parameters are each in range by themselves. */
@FunctionalInterface
public interface UseCheck {
  /** Accepts every use. */
  UseCheck NONE = (use, facts) -> List.of();

  /** {@return what is wrong, each at its place; empty if nothing is} */
  List<Diagnostic> problems(TechniqueUse use, ModelFacts facts);

  /**
   * {@return what is wrong, each at its place, where a use also depends on what was made for the
   * model; empty if nothing is}
   */
  default List<Diagnostic> problems(TechniqueUse use, ModelFacts facts, Calibrations calibrations) {
    return problems(use, facts);
  }
}
