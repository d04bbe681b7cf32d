package dev.kvasir.runtime.backend;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadOptions;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Opens {@link JvmBackend}s. Its one device is this Java virtual machine. */
final class JvmProvider implements BackendProvider {

  @Override
  public String target() {
    return JvmBackend.TARGET;
  }

  @Override
  public boolean checksBounds() {
    return true;
  }

  @Override
  public Devices devices() {
    try {
      String name =
          "%d-bit vectors, %d processors"
              .formatted(
                  VectorWidth.choose(OptionalInt.empty()),
                  Runtime.getRuntime().availableProcessors());
      return new Devices.Available(
          List.of(
              new Device(
                  JvmBackend.TARGET, name, OptionalLong.empty(), List.of(StorageFormat.values()))));
    } catch (KvasirException e) {
      return new Devices.Unavailable(e.problem());
    }
  }

  @Override
  public Backend open(Plan plan, LoadOptions options) throws PlanException {
    int vectorBits = VectorWidth.choose(options.vectorBits());
    Backends.choose(this, options.device());
    return JvmBackend.open(plan, vectorBits, options.threads());
  }
}
