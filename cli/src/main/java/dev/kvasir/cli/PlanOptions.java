package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Which plan runs, beside which model, and how. */
final class PlanOptions {
  @Parameters(paramLabel = "PLAN", description = "A plan file that 'kvasir compile' wrote.")
  private Path plan = Path.of("");

  @Mixin private final LoadingOptions loading = new LoadingOptions();

  private Optional<Plan> read = Optional.empty();

  /** {@return the plan file as it was named} */
  Path file() {
    return plan;
  }

  /**
   * {@return the plan, which is read once}
   *
   * @throws IOException as {@link PlanReader#read}
   */
  Plan read() throws IOException {
    if (read.isEmpty()) {
      read = Optional.of(PlanReader.read(plan));
    }
    return read.get();
  }

  /**
   * {@return whether the plan's kernels run on TornadoVM}
   *
   * @throws IOException as {@link #read}
   */
  TornadoVerb.Use tornado() throws IOException {
    return tornado(read());
  }

  /** {@return whether a plan's kernels run on TornadoVM} */
  static TornadoVerb.Use tornado(Plan plan) {
    return plan.manifest().target().equals(TargetName.TORNADO.toString())
        ? TornadoVerb.Use.REQUIRED
        : TornadoVerb.Use.NONE;
  }

  /**
   * {@return the plan, beside its model, ready to open sessions}
   *
   * @throws CommandException when the model is not where the plan says
   * @throws IOException as {@link LoadedModel#load(Plan, Path, LoadOptions)}
   */
  LoadedModel load() throws IOException {
    return load(plan, read());
  }

  /**
   * {@return a plan of {@code file} that was read, beside its model, loaded like this one}
   *
   * @throws CommandException when the model is not where the plan says
   * @throws IOException as {@link LoadedModel#load(Plan, Path, LoadOptions)}
   */
  LoadedModel load(Path file, Plan read) throws IOException {
    return loading.load(file, read);
  }

  /** {@return how the plan is loaded} */
  LoadOptions loadOptions() {
    return loading.loadOptions();
  }
}
