package dev.kvasir.fuzz.plan;

import dev.kvasir.codegen.calibration.CalibratedWeights;
import dev.kvasir.codegen.calibration.ConvCalibration;
import dev.kvasir.codegen.calibration.RandomConvolutions;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphParser;
import dev.kvasir.ir.graph.ops.Ops;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Function;

/** Compiles and runs cases, and compares their logits at every step with the evaluator's. */
final class PlanTrial {
  /** Rounding of rows to 16 bits moves logits by less. */
  private static final double LEAST_COSINE = 0.99999;

  /**
   * By how much weights are moved, relative to themselves: a few units of a float's last place, and
   * as much as sums of products in floats are off.
   */
  private static final List<Double> NUDGES =
      List.of(2e-7, 2e-7, 2e-7, 2e-7, 1e-6, 1e-6, 1e-6, 1e-6);

  /** How many times further off than the furthest of nudged evaluators a plan may be. */
  private static final double SPREAD = 4;

  private static final int THREADS = 2;

  private final Path folder;
  private final Consumer<int[]> misleading;

  /**
   * Prepares.
   *
   * @param folder where models are written, one after the other
   */
  PlanTrial(Path folder) {
    this(folder, tokens -> {});
  }

  /**
   * Prepares trials that must find a difference.
   *
   * @param misleading changes the tokens that plans read, but not those that the evaluator reads
   */
  PlanTrial(Path folder, Consumer<int[]> misleading) {
    this.folder = folder;
    this.misleading = misleading;
  }

  /** {@return what becomes of a case} */
  Verdict run(PlanCase planCase) throws IOException {
    planCase.model().write(folder);
    try (Model model = Model.open(folder)) {
      Optional<ConvCalibration> convolutions = convolutions(planCase, model);
      Plan plan;
      try {
        plan = compile(planCase, model, convolutions);
      } catch (CompileException refused) {
        return new Verdict.Refused(
            refused.diagnostics().getFirst().code(), refused.diagnostics().getFirst().message());
      }
      List<float[]> found = decode(planCase, plan);
      WeightSource source =
          convolutions.isPresent() ? new CalibratedWeights(model, convolutions.get()) : model;
      Function<String, double[]> weights = name -> widen(source.weight(name).toFloats());
      List<double[]> expected = evaluate(planCase, plan, weights, found.size());
      for (int step = 0; step < found.size(); step++) {
        double cosine = cosine(widen(found.get(step)), expected.get(step));
        if (!(cosine > LEAST_COSINE)) {
          return judge(planCase, plan, weights, expected.get(step), step, cosine);
        }
      }
      return new Verdict.Agreed();
    } catch (RuntimeException broken) {
      return new Verdict.Broken(broken);
    }
  }

  private Plan compile(PlanCase planCase, Model model, Optional<ConvCalibration> convolutions) {
    CompilerOptions options =
        CompilerOptions.defaults()
            .withMaxContext(planCase.context())
            .withSpan(planCase.span())
            .withPlanFolder(folder);
    if (convolutions.isPresent()) {
      options = options.withCalibration(convolutions.get());
    }
    return Compiler.compile(
            model, Policy.parse(new SourceText("random.kvp", planCase.policy())), options)
        .plan();
  }

  private static Optional<ConvCalibration> convolutions(PlanCase planCase, Model model) {
    return planCase
        .convolutions()
        .map(
            fold ->
                RandomConvolutions.of(
                    ConvCalibration.FILE_NAME,
                    model.fingerprint(),
                    model.config(),
                    planCase.model().seed(),
                    fold.slots(),
                    fold.mixed(),
                    fold.kernel(),
                    fold.alpha()));
  }

  private List<float[]> decode(PlanCase planCase, Plan plan) throws IOException {
    List<float[]> logits = new ArrayList<>();
    int[] tokens = tokens(planCase);
    misleading.accept(tokens);
    LoadOptions options = LoadOptions.defaults().threads(THREADS);
    try (LoadedModel model = LoadedModel.load(plan, folder, options);
        Session session = model.newSession()) {
      int read = 0;
      for (int prompt : planCase.prompts()) {
        session.append(Prompt.ofTokens(Arrays.copyOfRange(tokens, read, read + prompt)));
        read += prompt;
      }
      logits.add(session.logits());
      for (; read < tokens.length; read++) {
        session.step(tokens[read]);
        logits.add(session.logits());
      }
    }
    return logits;
  }

  /** The logits of the prompts' last row and of the steps behind it, so many in all. */
  private static List<double[]> evaluate(
      PlanCase planCase, Plan plan, Function<String, double[]> weights, int count) {
    List<double[]> logits = new ArrayList<>();
    int[] tokens = tokens(planCase);
    ReferenceEvaluator evaluator = new ReferenceEvaluator(graph(plan), weights);
    double[] last = {};
    int read = 0;
    for (int prompt : planCase.prompts()) {
      for (int end = read + prompt; read < end; ) {
        int to = Math.min(end, read + planCase.span());
        last = evaluator.prefill(Arrays.copyOfRange(tokens, read, to)).logits();
        read = to;
      }
    }
    logits.add(last);
    while (logits.size() < count) {
      logits.add(evaluator.step(tokens[read]).logits());
      read++;
    }
    return logits;
  }

  /**
   * What becomes of a step whose cosine is too low. Weights are nudged until that alone moves the
   * step's logits enough to excuse the plan.
   */
  private static Verdict judge(
      PlanCase planCase,
      Plan plan,
      Function<String, double[]> weights,
      double[] expected,
      int step,
      double cosine) {
    if (Double.isNaN(cosine)) {
      return new Verdict.Wrong(step, cosine);
    }
    double stable = Double.POSITIVE_INFINITY;
    for (int index = 0; index < NUDGES.size(); index++) {
      double[] other =
          evaluate(planCase, plan, nudged(weights, NUDGES.get(index), index), step + 1).getLast();
      stable = Math.min(stable, cosine(other, expected));
      if (stable <= LEAST_COSINE || 1 - cosine <= SPREAD * (1 - stable)) {
        return new Verdict.Undecided(stable);
      }
    }
    return new Verdict.Wrong(step, cosine);
  }

  private static Graph graph(Plan plan) {
    byte[] text = Objects.requireNonNull(plan.files().get("graph.kvir"));
    return GraphParser.parse(
        new SourceText("graph.kvir", new String(text, StandardCharsets.UTF_8)), Ops.catalog());
  }

  private static int[] tokens(PlanCase planCase) {
    Random random = new Random(planCase.model().seed());
    return random.ints(planCase.tokens(), 0, SmallModel.VOCABULARY).toArray();
  }

  private static Function<String, double[]> nudged(
      Function<String, double[]> weights, double nudge, int seed) {
    return name -> {
      Random random = new Random(name.hashCode() + seed);
      return Arrays.stream(weights.apply(name))
          .map(weight -> weight * (1 + nudge * random.nextGaussian()))
          .toArray();
    };
  }

  private static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  private static double cosine(double[] a, double[] b) {
    double product = 0;
    double squares = 0;
    double others = 0;
    for (int i = 0; i < a.length; i++) {
      product += a[i] * b[i];
      squares += a[i] * a[i];
      others += b[i] * b[i];
    }
    return product / Math.sqrt(squares * others);
  }
}
