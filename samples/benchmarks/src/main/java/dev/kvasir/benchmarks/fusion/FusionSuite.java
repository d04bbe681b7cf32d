package dev.kvasir.benchmarks.fusion;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Reads one long prompt under each of several policies and then decodes under all of them in turn,
 * and prints what each kind of launch took: what a selection adds to the prefill of its layer, what
 * decode attention takes for the rows it reads, what appends take, and launches a step.
 *
 * <p>The model is one of random weights with two layers, as {@code GenerateModel} writes it; its
 * products are small, so that attention is what is measured.
 */
public final class FusionSuite {

  private static final int STEPS = 32;
  private static final int ROUNDS = 6;
  private static final long SEED = 5;

  private FusionSuite() {}

  /**
   * Measures.
   *
   * @param arguments the model's folder, the tokens of the prompt
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      System.err.println("usage: FusionSuite MODEL_FOLDER TOKENS");
      System.exit(2);
    }
    Path folder = Path.of(arguments[0]);
    int tokens = Integer.parseInt(arguments[1]);
    Random random = new Random(SEED);
    int[] prompt = random.ints(tokens, 0, 200).toArray();
    List<FusedRun> runs = new ArrayList<>();
    List<LoadedModel> models = new ArrayList<>();
    for (FusedPolicy policy : FusedPolicy.all(tokens)) {
      LoadedModel model = load(folder, policy, tokens);
      models.add(model);
      runs.add(new FusedRun(policy, model, prompt));
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (FusedRun run : runs) {
        run.decode(STEPS);
      }
    }
    runs.forEach(run -> System.out.print(run.report(runs.getFirst())));
    runs.forEach(FusedRun::close);
    models.forEach(LoadedModel::close);
  }

  private static LoadedModel load(Path folder, FusedPolicy policy, int tokens) throws IOException {
    Policy parsed = Policy.parse(new SourceText(policy.name() + ".kvp", policy.text()));
    try (Model model = Model.open(folder)) {
      CompilerOptions options =
          CompilerOptions.defaults().withMaxContext(tokens + 1024).withSpan(tokens);
      Plan plan = Compiler.compile(model, parsed, options).plan();
      return LoadedModel.load(plan, folder, LoadOptions.defaults().threads(2));
    }
  }
}
