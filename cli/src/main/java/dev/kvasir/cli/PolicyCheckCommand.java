package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.PolicyCheck;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.ResolvedPolicy;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The verb {@code policy check}: whether a policy makes sense, alone or for a model. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    header = "Checks a policy and prints it in its canonical form.",
    description =
        "Names, values and combinations are checked; sets of layers and KV heads only with"
            + " --model.")
final class PolicyCheckCommand implements Callable<Integer> {
  private final Console console;

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "POLICY", description = "A policy file, or a shipped policy's name.")
  private String policy = "";

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Also check sets and sizes for this model.")
  private Optional<Path> model = Optional.empty();

  @Mixin private final CalibrationOption calibration = new CalibrationOption();

  @Mixin private final CommonOptions common = new CommonOptions();

  PolicyCheckCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (calibration.isPresent() && model.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), CalibrationOption.NAME + " is of a model: name it with --model");
    }
    try {
      Policy parsed = ShippedPolicies.parse(policy);
      ResolvedPolicy resolved =
          model.map(folder -> resolve(parsed, folder)).orElseGet(() -> PolicyCheck.check(parsed));
      resolved.warnings().forEach(warning -> console.err().println(warning.render()));
      print(parsed, resolved);
    } catch (CompileException mistake) {
      if (common.json()) {
        ObjectNode object = Json.object().put("valid", false);
        Json.addDiagnostics(object, "diagnostics", mistake.diagnostics());
        Json.print(console, object);
      }
      throw mistake;
    }
    return ExitCodes.OK;
  }

  private void print(Policy parsed, ResolvedPolicy resolved) {
    if (!common.json()) {
      console.out().print(parsed.canonicalText());
      return;
    }
    ObjectNode object = Json.object().put("valid", true);
    object.put("canonical", parsed.canonicalText());
    if (model.isPresent()) {
      object.set("resolved", Json.parse(resolved.toJson()));
    }
    Json.addDiagnostics(object, "diagnostics", resolved.warnings());
    Json.print(console, object);
  }

  private ResolvedPolicy resolve(Policy policy, Path folder) {
    try (Model opened = Model.open(folder)) {
      CompilerOptions options = calibration.applyTo(CompilerOptions.defaults());
      ResolvedPolicy resolved = PolicyCheck.check(policy, opened, options.calibrations());
      // What techniques ask of each other is found by the passes.
      Compiler.transform(opened, policy, options);
      return resolved;
    }
  }
}
