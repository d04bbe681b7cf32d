package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.tornado.TornadoLauncher;
import dev.kvasir.cli.tornado.TornadoStart.Missing;
import dev.kvasir.plans.ModelFingerprint;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.backend.JvmBackend;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Finds every reason why a plan cannot run here. Nothing is believed: each byte of the plan and of
 * the model is hashed, and each kernel runs once on inputs with known results.
 */
final class PlanCheck {
  private static final String MANIFEST = "manifest.json";
  private static final int LABEL = 9;

  /** One reason, as a line with a code, a place and a way out. */
  private record Cause(String code, String line, int exitStatus) {}

  private final Path file;
  private final Optional<Path> namedModel;
  private final DeviceOptions device;
  private final TornadoLauncher launcher;
  private final List<Cause> causes = new ArrayList<>();
  private final List<List<String>> passed = new ArrayList<>();
  private final List<String> unchecked = new ArrayList<>();

  private PlanCheck(
      Path file, Optional<Path> namedModel, DeviceOptions device, TornadoLauncher launcher) {
    this.file = file;
    this.namedModel = namedModel;
    this.device = device;
    this.launcher = launcher;
  }

  /**
   * {@return what was found}
   *
   * @param model the folder of {@code --model}; empty for where the plan says
   * @param device what runs the kernels
   * @param launcher knows whether TornadoVM is here
   */
  static PlanCheck of(
      Path file, Optional<Path> model, DeviceOptions device, TornadoLauncher launcher) {
    PlanCheck check = new PlanCheck(file, model, device, launcher);
    check.run();
    return check;
  }

  private void run() {
    Plan plan;
    try {
      plan = PlanReader.read(file);
    } catch (PlanException e) {
      List<PlanException> damaged =
          e.reason() == Reason.CORRUPT ? DamagedEntries.of(file) : List.<PlanException>of();
      (damaged.isEmpty() ? List.of(e) : damaged).forEach(this::add);
      unchecked.add("target, model, kernels and memory, because the plan cannot be read");
      return;
    }
    pass(
        "plan",
        "format %d.%d, %s whole"
            .formatted(
                plan.manifest().formatMajor(),
                plan.manifest().formatMinor(),
                Texts.count(plan.files().size(), "file")));
    checkTarget(plan);
    checkFeatures(plan);
    Optional<Path> model = checkModel(plan);
    checkKernels(plan);
    boolean loads = causes.isEmpty();
    MemoryNeed need = MemoryNeed.of(plan);
    if (need.bytes() > need.available()) {
      causes.add(new Cause(MemoryNeed.CODE, file + ": " + need.error(), ExitCodes.UNAVAILABLE));
    } else {
      pass("memory", need.text());
    }
    if (loads && model.isPresent()) {
      load(plan, model.get());
    } else {
      unchecked.add("kernels against their known results, because the plan cannot be loaded");
    }
  }

  private void checkTarget(Plan plan) {
    Optional<Missing> missing =
        PlanOptions.tornado(plan) == TornadoVerb.Use.REQUIRED
            ? launcher.missing()
            : Optional.empty();
    missing.ifPresentOrElse(
        what -> add(TornadoStrategy.unavailable(file.toString(), what)),
        () -> pass("target", plan.manifest().target()));
  }

  private void checkFeatures(Plan plan) {
    List<String> missing =
        plan.manifest().features().stream()
            .filter(feature -> !StorageFormat.isFeature(feature))
            .toList();
    for (String feature : missing) {
      add(
          new PlanException(
              Reason.MISSING_FEATURE,
              file + ": " + MANIFEST,
              "the plan needs the feature %s, which this runtime lacks".formatted(feature)));
    }
    if (missing.isEmpty()) {
      pass("features", String.join(", ", plan.manifest().features()));
    }
  }

  /** Kernels of other targets are no class files of the Java virtual machine. */
  private void checkKernels(Plan plan) {
    if (!plan.manifest().target().equals(JvmBackend.TARGET)) {
      return;
    }
    List<PlanException> refused = RefusedKernels.of(plan);
    refused.forEach(this::add);
    if (refused.isEmpty()) {
      pass("classes", "every kernel class can do nothing but compute");
    }
  }

  /** {@return the model's folder, if it is the model of the plan to the last byte} */
  private Optional<Path> checkModel(Plan plan) {
    try {
      Path folder = ModelFolder.of(file, plan, namedModel);
      String fingerprint = ModelFingerprint.of(folder).value();
      String expected = plan.manifest().model().fingerprint();
      if (!fingerprint.equals(expected)) {
        throw wrongModel(folder, "another configuration or other tensors", expected, fingerprint);
      }
      Optional<String> fullHash = plan.manifest().model().fullHash();
      if (fullHash.isPresent()) {
        String actual = ModelFingerprint.fullHash(folder);
        if (!actual.equals(fullHash.get())) {
          throw wrongModel(folder, "other weights", fullHash.get(), actual);
        }
        pass("model", folder + ", the plan's to the last byte");
      } else {
        pass("model", folder + ", the plan's by configuration and tensor headers");
        unchecked.add("the bytes of the weights, because the plan has no hash of them");
      }
      return Optional.of(folder);
    } catch (CommandException | IOException e) {
      add(e);
      return Optional.empty();
    }
  }

  private static PlanException wrongModel(
      Path folder, String difference, String expected, String actual) {
    return new PlanException(
        Reason.WRONG_MODEL,
        folder.toString(),
        "the plan was compiled for another model: this one has %s (expected %s, got %s)"
            .formatted(difference, expected, actual));
  }

  /** Loads the plan as {@code run} does, remembering nothing, so that each kernel runs. */
  private void load(Plan plan, Path model) {
    LoadOptions options =
        device.applyTo(
            new LoadOptions(
                LoadOptions.defaults().threads(), OptionalInt.empty(), false, Optional.empty()));
    try (LoadedModel loaded = LoadedModel.load(plan, model, options)) {
      pass(
          "kernels",
          "%s as they should be, on %s"
              .formatted(
                  Texts.count(plan.program().kernels().size(), "kernel"),
                  loaded.backendDescription()));
      openSession(loaded);
    } catch (KvasirException | IOException e) {
      add(e);
    }
  }

  private void openSession(LoadedModel loaded) {
    try (Session session = loaded.newSession()) {
      pass("session", Texts.bytes(session.reservedBytes()) + " reserved and given back");
    } catch (KvasirException e) {
      // It names the largest part.
      causes.removeIf(cause -> cause.code().equals(MemoryNeed.CODE));
      passed.removeIf(line -> line.getFirst().equals("memory"));
      add(e);
    }
  }

  private void pass(String what, String text) {
    passed.add(List.of(what, text));
  }

  private void add(Exception failure) {
    causes.add(
        new Cause(
            Failures.code(failure),
            Failures.message(failure, file.toString()),
            Failures.status(failure)));
  }

  /** {@return 0, or the status of the first reason} */
  int exitStatus() {
    return causes.isEmpty() ? ExitCodes.OK : causes.getFirst().exitStatus();
  }

  /** Writes what holds, what was not looked at, the reasons and the verdict. */
  void print(PrintWriter out) {
    Labelled lines = new Labelled(out, LABEL + 1);
    passed.forEach(line -> lines.line(line.getFirst(), line.getLast()));
    unchecked.forEach(text -> lines.line("not seen", text));
    causes.forEach(cause -> out.println(cause.line()));
    out.println(
        causes.isEmpty()
            ? "can run here"
            : "cannot run here: " + Texts.count(causes.size(), "reason"));
  }

  /** {@return the same as an object} */
  ObjectNode json() {
    ObjectNode object = Json.object();
    object.put("file", file.toString());
    object.put("runnable", causes.isEmpty());
    ArrayNode reasons = object.putArray("reasons");
    for (Cause cause : causes) {
      reasons
          .addObject()
          .put("code", cause.code())
          .put("message", cause.line())
          .put("exitStatus", cause.exitStatus());
    }
    ObjectNode holds = object.putObject("passed");
    passed.forEach(line -> holds.put(line.getFirst(), line.getLast()));
    unchecked.forEach(object.putArray("notChecked")::add);
    return object;
  }
}
