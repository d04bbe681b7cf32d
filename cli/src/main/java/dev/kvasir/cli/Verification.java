package dev.kvasir.cli;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.LogitComparison;
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
   * @param uncompressed whether the plan's cache drops and codes no row, so that it only rounds
   */
  record Result(
      int promptTokens,
      int positions,
      double meanCosine,
      double lowestCosine,
      double agreement,
      double meanDivergence,
      boolean uncompressed) {}

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
    // This very process compiled both plans.
    LoadOptions load = LoadOptions.defaults().trustKernels(true);
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
    LogitComparison comparison = new LogitComparison();
    try (Progress progress = Progress.begin(console, "verify", 2L * total)) {
      for (int from = 0; from < prompt; from += span) {
        int[] tokens = Arrays.copyOfRange(text, from, Math.min(prompt, from + span));
        expected.append(Prompt.ofTokens(tokens));
        actual.append(Prompt.ofTokens(tokens));
        progress.advance(2L * tokens.length);
      }
      comparison.add(expected.logits(), actual.logits());
      for (int i = prompt; i < total; i++) {
        expected.step(text[i]);
        actual.step(text[i]);
        comparison.add(expected.logits(), actual.logits());
        progress.advance(2);
      }
    }
    return new Result(
        prompt,
        comparison.positions(),
        comparison.meanCosine(),
        comparison.lowestCosine(),
        comparison.agreement(),
        comparison.meanDivergence(),
        uncompressed(plan));
  }

  /** {@return whether no segment has a window, fewer slots than the context needs, or codes} */
  static boolean uncompressed(Plan plan) {
    int pages = Math.ceilDiv(plan.manifest().context(), plan.manifest().pageRows());
    return plan.program().segments().stream().allMatch(segment -> uncompressed(segment, pages));
  }

  private static boolean uncompressed(SegmentDeclaration segment, int pages) {
    return segment.window() == 0
        && segment.firstPosition().equals(Expression.constant(0))
        && segment.slots() >= pages
        && segment.packing().isEmpty()
        && segment.chosen().isEmpty();
  }
}
