package dev.kvasir.cli;

import dev.kvasir.runtime.LoadOptions;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What runs kernels, and whose kernels. */
final class DeviceOptions {
  @Option(
      names = "--device",
      paramLabel = "ID",
      description =
          "What runs the kernels, as 'kvasir devices' names it. Default: the first device of the"
              + " plan's target.")
  private Optional<String> device = Optional.empty();

  @Option(
      names = "--trust-kernels",
      description = {
        "Run a plan for target tornado that somebody else compiled. Nothing bounds what its kernels"
            + " do: such a plan is a program, to be run if you trust where it comes from."
      })
  private boolean trustKernels;

  /** {@return the options with what was said here} */
  LoadOptions applyTo(LoadOptions options) {
    LoadOptions trusting = options.trustKernels(trustKernels);
    return device.isPresent() ? trusting.device(device.get()) : trusting;
  }
}
