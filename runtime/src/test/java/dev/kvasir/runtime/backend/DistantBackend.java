package dev.kvasir.runtime.backend;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.KernelDeclaration;
import java.util.List;

/** The back ends of {@link DistantProvider}. */
record DistantBackend(
    Backend near,
    Device device,
    List<KernelDeclaration> kernels,
    int mostLaunches,
    DistantProvider provider)
    implements Backend {

  @Override
  public String description() {
    return "distant, " + device.name();
  }

  @Override
  public String fingerprint() {
    return device.id();
  }

  @Override
  public String kernelFolder() {
    return near.kernelFolder();
  }

  @Override
  public boolean sharesBuffers() {
    return false;
  }

  @Override
  public Workspace open() {
    return new DistantWorkspace(near.open(), this);
  }

  @Override
  public void close() {
    near.close();
  }

  /** {@return the format of a kernel's argument} */
  StorageFormat format(String kernel, int argument) {
    return declaration(kernel).arguments().get(argument).format();
  }

  /** {@return the number of a kernel's uniform integers} */
  int dims(String kernel) {
    return declaration(kernel).dims().size();
  }

  private KernelDeclaration declaration(String kernel) {
    return kernels.stream()
        .filter(candidate -> candidate.name().equals(kernel))
        .findFirst()
        .orElseThrow();
  }
}
