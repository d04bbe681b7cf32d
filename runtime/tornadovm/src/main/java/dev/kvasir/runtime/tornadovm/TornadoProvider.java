package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.backend.Backend;
import dev.kvasir.runtime.backend.BackendProvider;
import dev.kvasir.runtime.backend.Backends;
import dev.kvasir.runtime.backend.Device;
import dev.kvasir.runtime.backend.Devices;
import java.util.Optional;

/** Runs plans of target {@code tornado} on the devices that TornadoVM finds. */
public final class TornadoProvider implements BackendProvider {

  /** What a manifest calls plans for these back ends. */
  public static final String TARGET = "tornado";

  /** Called by {@link java.util.ServiceLoader}. */
  public TornadoProvider() {}

  @Override
  public String target() {
    return TARGET;
  }

  @Override
  public boolean checksBounds() {
    return false;
  }

  @Override
  public Devices devices() {
    Optional<String> missing = Setup.missing();
    return missing.isPresent() ? new Devices.Unavailable(missing.get()) : TornadoDevices.list();
  }

  @Override
  public Backend open(Plan plan, LoadOptions options) throws PlanException {
    Device device = Backends.choose(this, options.device());
    return TornadoBackend.open(plan, device);
  }
}
