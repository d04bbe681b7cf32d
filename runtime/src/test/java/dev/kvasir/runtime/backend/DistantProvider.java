package dev.kvasir.runtime.backend;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.runtime.LoadOptions;
import java.util.List;
import java.util.OptionalLong;

/**
 * Runs the kernels of jvm plans as a device with memory of its own would: in copies of the buffers,
 * several launches at once, and without a check of bounds as far as anybody knows.
 */
public final class DistantProvider implements BackendProvider {

  private final int mostLaunches;
  private int openWorkspaces;
  private int groups;

  /**
   * @param mostLaunches of its back ends
   */
  public DistantProvider(int mostLaunches) {
    this.mostLaunches = mostLaunches;
  }

  /** {@return workspaces that were opened and not closed} */
  public int openWorkspaces() {
    return openWorkspaces;
  }

  /** {@return groups of launches that have run} */
  public int groups() {
    return groups;
  }

  @Override
  public String target() {
    return JvmBackend.TARGET;
  }

  @Override
  public boolean checksBounds() {
    return false;
  }

  @Override
  public Devices devices() {
    return new Devices.Available(
        List.of(
            new Device("0:0", "Near", OptionalLong.of(1 << 30), List.of()),
            new Device("0:1", "Far", OptionalLong.of(1 << 30), List.of()),
            new Device("1:0", "Far", OptionalLong.of(1 << 30), List.of())));
  }

  @Override
  public Backend open(Plan plan, LoadOptions options) throws PlanException {
    Device device = Backends.choose(this, options.device());
    Backend near = JvmBackend.open(plan, 128, options.threads());
    return new DistantBackend(near, device, plan.program().kernels(), mostLaunches, this);
  }

  void opened() {
    openWorkspaces++;
  }

  void closed() {
    openWorkspaces--;
  }

  void ran() {
    groups++;
  }
}
