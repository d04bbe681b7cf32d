package dev.kvasir.cli.faults;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import java.nio.file.Path;

/** The plans that these tests write. */
final class WrittenPlan {

  /** The sample model, whose folder the build passes to the tests. */
  static final Path SAMPLE =
      Path.of(System.getProperty("kvasir.home", "")).resolve("samples/models/needle");

  private WrittenPlan() {}

  /** {@return a plan of the sample model under a policy of this name, which keeps every row} */
  static Plan compile(String policyName) {
    return compile(SAMPLE, policyName);
  }

  static Plan compile(Path folder, String policyName) {
    try (Model model = Model.open(folder)) {
      SourceText text = new SourceText(policyName + ".kvp", "policy %s {}".formatted(policyName));
      CompilerOptions options = CompilerOptions.defaults().withMaxContext(256);
      return Compiler.compile(model, Policy.parse(text), options).plan();
    }
  }
}
