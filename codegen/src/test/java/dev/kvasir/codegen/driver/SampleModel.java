package dev.kvasir.codegen.driver;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import java.nio.file.Path;

/** The sample model and policies of the repository, seen from this module. */
public final class SampleModel {

  /** The trained model. */
  public static final Path NEEDLE = Path.of("..", "samples", "models", "needle");

  private static final Path POLICIES = Path.of("..", "plans", "policies");

  private SampleModel() {}

  /** {@return a policy that is shipped} */
  public static Policy shipped(String name) {
    return Policy.parse(POLICIES.resolve(name + ".kvp"));
  }

  /** {@return a policy from its uses and limits} */
  public static Policy policy(String body) {
    return Policy.parse(new SourceText("test.kvp", "policy test {\n  " + body + "\n}\n"));
  }

  /** {@return the sample model under a policy} */
  public static Compilation compile(Policy policy, CompilerOptions options) {
    try (Model model = Model.open(NEEDLE)) {
      return Compiler.compile(model, policy, options);
    }
  }
}
