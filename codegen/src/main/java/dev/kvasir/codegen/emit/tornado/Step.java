package dev.kvasir.codegen.emit.tornado;

import java.util.List;

/** What one statement becomes, before it is known where barriers stand. */
sealed interface Step {

  /**
   * Code that all threads enter together and that needs no barrier within.
   *
   * @param accesses every shared memory it touches
   * @param code writes it
   * @param declared locals that it declares for later steps
   */
  record Phase(List<Access> accesses, Runnable code, List<Local> declared) implements Step {

    /** A phase without locals for later steps. */
    Phase(List<Access> accesses, Runnable code) {
      this(accesses, code, List.of());
    }
  }

  /** Steps whose locals end with them. */
  record Scope(List<Step> steps) implements Step {}

  /** Runs the body for variable = its value on entry .. limit - 1. */
  record Loop(Local variable, Local limit, List<Step> body) implements Step {}

  /** Runs the first list where the condition is 1, the second where it is 0. */
  record Choice(Local condition, List<Step> whenTrue, List<Step> whenFalse) implements Step {}
}
