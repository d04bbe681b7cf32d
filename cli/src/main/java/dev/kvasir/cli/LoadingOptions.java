package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Beside which model a plan runs, and how. */
final class LoadingOptions {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "The folder of the plan's model. Default: where it was, relative to the plan.")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "Threads that compute. Default: one for each processor.")
  private Optional<Integer> threads = Optional.empty();

  @Option(
      names = "--vector-bits",
      paramLabel = "BITS",
      converter = VectorBits.class,
      completionCandidates = VectorBits.class,
      description =
          "Width of vectors: ${COMPLETION-CANDIDATES}. Default: what this machine prefers.")
  private Optional<Integer> vectorBits = Optional.empty();

  @Mixin private final DeviceOptions device = new DeviceOptions();

  /** {@return the folder of {@code --model}} */
  Optional<Path> model() {
    return model;
  }

  /**
   * {@return a plan of {@code file} that was read, beside its model, ready to open sessions}
   *
   * @throws CommandException when the model is not where the plan says
   * @throws IOException as {@link LoadedModel#load(Plan, Path, LoadOptions)}
   */
  LoadedModel load(Path file, Plan read) throws IOException {
    return LoadedModel.load(read, ModelFolder.of(file, read, model), loadOptions());
  }

  /** {@return how plans are loaded} */
  LoadOptions loadOptions() {
    LoadOptions options = device.applyTo(LoadOptions.defaults());
    if (threads.isPresent()) {
      options = options.threads(threads.get());
    }
    return vectorBits.isPresent() ? options.vectorBits(vectorBits.get()) : options;
  }
}
