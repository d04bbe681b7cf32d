package dev.kvasir.cli;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.util.Arrays;

/**
 * Compares a plan with the same model under policy {@code full} stored in f32: both read the same
 * text on the same back end, first a prompt and then token by token whatever they would have
 * generated, and the logits of each position are compared.
 */
final class Verification {
  private static final int MOST_PROMPT_TOKENS = 576;
  private static final int MOST_STEPS = 64;
  private static final String REFERENCE = "policy reference { use store-kv(format = f32); }";

  /**
   * What was measured.
   *
   * @param promptTokens tokens of the prompt
   * @param positions positions whose logits were compared: the prompt's last and one a step
   * @param meanCosine cosine between both logit vectors, mean of all positions
   * @param lowestCosine the same, lowest of all positions
   * @param agreement share of positions, 0 to 1, at which both have the same largest logit
   * @param meanDivergence Kullback-Leibler divergence of the plan's distribution from the
   *     reference's, sum p ln(p / q) in nats, mean of all positions
   * @param keepsEveryRow whether the plan's cache drops no row, so that it only rounds
   */
  record Result(
      int promptTokens,
      int positions,
      double meanCosine,
      double lowestCosine,
      double agreement,
      double meanDivergence,
      boolean keepsEveryRow) {}

  private final Console console;

  Verification(Console console) {
    this.console = console;
  }

  /**
   * {@return how {@code plan} differs from the reference}
   *
   * @param options with which the plan was compiled
   */
  Result run(Plan plan, Model model, CompilerOptions options) throws IOException {
    Policy policy = Policy.parse(new SourceText("reference.kvp", REFERENCE));
    Plan reference = Compiler.compile(model, policy, options).plan();
    LoadOptions load = LoadOptions.defaults();
    try (LoadedModel expected = LoadedModel.load(reference, model.path(), load);
        LoadedModel actual = LoadedModel.load(plan, model.path(), load);
        Session expectedSession = expected.newSession();
        Session actualSession = actual.newSession()) {
      return compare(plan, actual, expectedSession, actualSession);
    }
  }

  private Result compare(Plan plan, LoadedModel model, Session expected, Session actual) {
    int[] text = model.tokenizer().encode(Prose.withQuestionInside());
    int total =
        Math.min(Math.min(text.length, plan.manifest().context()), MOST_PROMPT_TOKENS + MOST_STEPS);
    int steps = Math.min(MOST_STEPS, total / 2);
    int prompt = total - steps;
    int span = plan.manifest().span();
    Measures measures = new Measures();
    try (Progress progress = Progress.begin(console, "verify", 2L * total)) {
      for (int from = 0; from < prompt; from += span) {
        int[] tokens = Arrays.copyOfRange(text, from, Math.min(prompt, from + span));
        expected.append(Prompt.ofTokens(tokens));
        actual.append(Prompt.ofTokens(tokens));
        progress.advance(2L * tokens.length);
      }
      measures.add(expected.logits(), actual.logits());
      for (int i = prompt; i < total; i++) {
        expected.step(text[i]);
        actual.step(text[i]);
        measures.add(expected.logits(), actual.logits());
        progress.advance(2);
      }
    }
    return measures.result(prompt, keepsEveryRow(plan));
  }

  /** {@return whether no segment has a window or fewer slots than the context needs} */
  static boolean keepsEveryRow(Plan plan) {
    int pages = Math.ceilDiv(plan.manifest().context(), plan.manifest().pageRows());
    return plan.program().segments().stream().allMatch(segment -> keepsEveryRow(segment, pages));
  }

  private static boolean keepsEveryRow(SegmentDeclaration segment, int pages) {
    return segment.window() == 0 && segment.firstPosition() == 0 && segment.slots() >= pages;
  }

  /** Sums over the positions. */
  private static final class Measures {
    private int positions;
    private int agreements;
    private double cosines;
    private double lowestCosine = Double.POSITIVE_INFINITY;
    private double divergences;

    void add(float[] expected, float[] actual) {
      double cosine = cosine(expected, actual);
      positions++;
      cosines += cosine;
      // Not-a-number wins, so that it cannot hide behind a number.
      lowestCosine = Math.min(lowestCosine, cosine);
      divergences += divergence(expected, actual);
      agreements += argmax(expected) == argmax(actual) ? 1 : 0;
    }

    Result result(int promptTokens, boolean keepsEveryRow) {
      return new Result(
          promptTokens,
          positions,
          cosines / positions,
          lowestCosine,
          (double) agreements / positions,
          divergences / positions,
          keepsEveryRow);
    }

    private static double cosine(float[] a, float[] b) {
      double dot = 0;
      double aa = 0;
      double bb = 0;
      for (int i = 0; i < a.length; i++) {
        dot += (double) a[i] * b[i];
        aa += (double) a[i] * a[i];
        bb += (double) b[i] * b[i];
      }
      return dot / Math.sqrt(aa * bb);
    }

    private static double divergence(float[] expected, float[] actual) {
      double expectedSum = logSumExp(expected);
      double actualSum = logSumExp(actual);
      double sum = 0;
      for (int i = 0; i < expected.length; i++) {
        double logP = expected[i] - expectedSum;
        sum += Math.exp(logP) * (logP - (actual[i] - actualSum));
      }
      // Rounding can leave less than nothing of a divergence that is never negative.
      return sum < 0 ? 0 : sum;
    }

    private static double logSumExp(float[] logits) {
      double max = logits[argmax(logits)];
      double sum = 0;
      for (float logit : logits) {
        sum += Math.exp(logit - max);
      }
      return max + Math.log(sum);
    }

    private static int argmax(float[] logits) {
      int best = 0;
      for (int i = 1; i < logits.length; i++) {
        if (logits[i] > logits[best]) {
          best = i;
        }
      }
      return best;
    }
  }
}
