package dev.kvasir.benchmarks.gpu;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.Program;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Decode steps of a whole model through the runtime, its cache in f16. */
final class ModelSteps {
  private static final String POLICY = "policy full { }";
  private static final String ATTENTION = " decode attention";

  private ModelSteps() {}

  /**
   * What was measured.
   *
   * @param shape of the model, as {@link RandomLlama} has its components
   * @param prompt tokens before the first step
   * @param bytes weights and cache rows that a step reads
   * @param tasks of a step
   * @param tasksPerLayer tasks from one layer's attention to the next one's
   * @param promptNanos time of the prompt
   * @param nanos time of each step
   */
  record Result(
      List<Integer> shape,
      int prompt,
      double bytes,
      int tasks,
      int tasksPerLayer,
      double promptNanos,
      List<Double> nanos) {}

  /**
   * Writes the model, compiles it, and decodes.
   *
   * @param folder for the model
   * @param prompt random tokens before the first step
   * @param warm steps before those that are timed
   */
  static Result run(
      RandomLlama shape, Path folder, int prompt, int warm, int steps, LoadOptions options)
      throws IOException {
    shape.write(folder);
    Plan plan;
    try (Model source = Model.open(folder)) {
      CompilerOptions compiler =
          CompilerOptions.defaults()
              .withTarget(Target.tornado())
              .withMaxContext(prompt + warm + steps);
      plan =
          Compiler.compile(source, Policy.parse(new SourceText("full.kvp", POLICY)), compiler)
              .plan();
    }
    try (LoadedModel model = LoadedModel.load(plan, folder, options.trustKernels(true));
        Session session = model.newSession()) {
      long start = System.nanoTime();
      session.append(Prompt.ofTokens(new Random(5).ints(prompt, 0, shape.vocabulary()).toArray()));
      double promptNanos = System.nanoTime() - start;
      List<Double> nanos = new ArrayList<>();
      for (int step = 0; step < warm + steps; step++) {
        int token = session.greedyToken();
        long before = System.nanoTime();
        session.step(token);
        if (step >= warm) {
          nanos.add((double) (System.nanoTime() - before));
        }
      }
      requireNumbers(session.logits());
      double rows = 2.0 * shape.layers() * shape.kvHeads() * shape.headDim() * Short.BYTES;
      return new Result(
          shape.shape(),
          prompt,
          (double) shape.multiplied() * Short.BYTES + rows * prompt,
          launches(plan).size(),
          tasksPerLayer(plan),
          promptNanos,
          nanos);
    }
  }

  private static void requireNumbers(float[] logits) {
    for (float logit : logits) {
      if (!Float.isFinite(logit)) {
        throw new IllegalStateException("a logit is " + logit);
      }
    }
  }

  private static List<String> launches(Plan plan) {
    return plan.program().procedures().stream()
        .filter(procedure -> procedure.name().equals(Program.STEP))
        .flatMap(procedure -> procedure.steps().stream())
        .filter(Program.Step.Launch.class::isInstance)
        .map(step -> ((Program.Step.Launch) step).label())
        .toList();
  }

  private static int tasksPerLayer(Plan plan) {
    List<String> labels = launches(plan);
    return labels.indexOf("layer.1" + ATTENTION) - labels.indexOf("layer.0" + ATTENTION);
  }
}
