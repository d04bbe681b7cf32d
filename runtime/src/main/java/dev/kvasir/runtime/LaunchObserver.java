package dev.kvasir.runtime;

import dev.kvasir.plans.program.Program.Step;

/** Is told of each launch of a session, after it. */
@FunctionalInterface
public interface LaunchObserver {

  /**
   * Called on the session's thread, in program order; not for a launch whose grid is empty.
   *
   * @param launch the launch, the same object each time that it runs
   * @param nanos nanoseconds from the first point of the grid to the last, by the back end's clock,
   *     which it reads observed or not
   */
  void launched(Step.Launch launch, long nanos);
}
