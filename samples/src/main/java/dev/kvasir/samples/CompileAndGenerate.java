package dev.kvasir.samples;

import dev.kvasir.codegen.driver.Kvasir;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.CacheStats;
import dev.kvasir.runtime.Generation;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/**
 * From a model and a policy to an answer. Run it with the folder of the sample model, a policy file
 * and the plan file to write.
 */
public final class CompileAndGenerate {

  /** Plain prose, with a key that the question asks for. */
  private static final String DOCUMENT =
      """
      The words of the Preacher, the son of David, king in Jerusalem. [Kq=7351]
      Vanity of vanities, saith the Preacher, vanity of vanities; all is vanity.
      What profit hath a man of all his labour which he taketh under the sun?
      One generation passeth away, and another generation cometh: but the earth abideth for ever.
      The sun also ariseth, and the sun goeth down, and hasteth to his place where he arose.
      """;

  private static final String QUESTION = "The wind goeth toward the south. [Kq=";

  private CompileAndGenerate() {}

  /**
   * Compiles, saves, loads, reads the document and answers the question.
   *
   * @param arguments model folder, policy file, plan file
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 3) {
      System.err.println("usage: CompileAndGenerate MODEL_FOLDER POLICY_FILE PLAN_FILE");
      System.exit(2);
    }
    run(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2]), System.out);
  }

  static void run(Path modelFolder, Path policyFile, Path planFile, PrintStream out)
      throws IOException {
    try (Model model = Model.open(modelFolder)) {
      Plan plan = Kvasir.compile(model, Policy.parse(policyFile), Target.jvm());
      plan.save(planFile);
    }

    try (LoadedModel model = LoadedModel.load(planFile, modelFolder);
        Session session = model.newSession()) {
      session.append(Prompt.of(DOCUMENT)); // read and compressed here, before any question
      out.print("answer  ");
      Generation generation =
          session.generate(
              Prompt.of(QUESTION),
              Sampling.greedy().maxTokens(8).stop("]"),
              token -> out.print(token.text()));
      CacheStats cache = session.cacheStats();
      out.printf("%ncache   %,d bytes for %d tokens%n", cache.allocatedBytes(), cache.trueTokens());
      out.printf("speed   %.0f tokens per second%n", generation.timings().tokensPerSecond());
    }
  }
}
