package dev.kvasir.runtime.tornadovm;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.backend.Devices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The trained model of the samples, compiled for a device and for this virtual machine. */
final class SampleModel {

  static final Path FOLDER = Path.of("..", "..", "samples", "models", "needle");
  private static final Path POLICIES = Path.of("..", "..", "plans", "policies");
  private static final int CONTEXT = 512;

  // No multiple of a page, and less than prompts.
  private static final int SPAN = 100;

  private SampleModel() {}

  /** Skips a test where TornadoVM finds no device, and says why. */
  static void requireDevice() {
    if (new TornadoProvider().devices() instanceof Devices.Unavailable(String reason)) {
      // Maven shows that tests are skipped, and not why.
      System.out.println("skipped: " + reason);
      Assumptions.abort(reason);
    }
  }

  /** {@return the names of all policies that ship with the compiler} */
  static List<String> policies() throws IOException {
    try (Stream<Path> files = Files.list(POLICIES)) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.endsWith(".kvp"))
          .map(name -> name.substring(0, name.length() - ".kvp".length()))
          .sorted()
          .toList();
    }
  }

  /**
   * {@return the plan of a shipped policy}
   *
   * @param format how rows are stored, unless the policy says
   */
  static Plan compile(String policy, String format, Target target) {
    String text = Policy.parse(POLICIES.resolve(policy + ".kvp")).canonicalText();
    String use = "use store-kv(format = %s); }".formatted(format);
    String stored = text.substring(0, text.lastIndexOf('}')) + use;
    try (Model model = Model.open(FOLDER)) {
      CompilerOptions options =
          CompilerOptions.defaults().withTarget(target).withMaxContext(CONTEXT).withSpan(SPAN);
      return Compiler.compile(model, Policy.parse(new SourceText(policy + ".kvp", stored)), options)
          .plan();
    }
  }

  /** {@return options that trust the plans of tests, and remember no checks} */
  static LoadOptions options() {
    return new LoadOptions(2, OptionalInt.empty(), false, Optional.empty()).trustKernels(true);
  }

  static LoadedModel load(Plan plan) throws IOException {
    return LoadedModel.load(plan, FOLDER, options());
  }
}
