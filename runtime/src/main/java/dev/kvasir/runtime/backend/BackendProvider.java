package dev.kvasir.runtime.backend;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.runtime.LoadOptions;

/**
 * Opens back ends for one target. Providers beside the built-in ones are found by {@link
 * java.util.ServiceLoader}.
 */
public interface BackendProvider {

  /** {@return what a manifest calls plans for these back ends} */
  String target();

  /**
   * {@return whether a kernel that reads or writes outside its buffers is stopped}
   *
   * <p>Where it is not, kernels can do anything to the process, and only plans that the user trusts
   * are opened.
   */
  boolean checksBounds();

  /** {@return the devices of this target here, or why there is none} */
  Devices devices();

  /**
   * {@return the kernels of {@code plan}, loaded}
   *
   * @param plan a checked plan for this target, trusted if the kernels' bounds are not checked
   * @param options of which each back end takes what concerns it
   * @throws PlanException when a kernel is absent or may do what it must not
   * @throws dev.kvasir.runtime.KvasirException when the device is absent or too small, or a kernel
   *     cannot be loaded
   */
  Backend open(Plan plan, LoadOptions options) throws PlanException;
}
