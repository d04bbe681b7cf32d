package dev.kvasir.fuzz.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A policy on a model, and what a session of it reads.
 *
 * @param model the model
 * @param uses statements of the policy
 * @param context most tokens of a session
 * @param span most tokens that are prefilled at once
 * @param prompts tokens of each prompt that is appended
 * @param steps tokens that are given one by one behind them
 * @param convolutions the weights of folds, where the policy may fold
 */
record PlanCase(
    SmallModel model,
    List<String> uses,
    int context,
    int span,
    List<Integer> prompts,
    int steps,
    Optional<Convolutions> convolutions) {

  /**
   * Random weights of folds.
   *
   * @param slots that rows are folded into
   * @param mixed how many of them hold mixed rows
   * @param kernel taps
   * @param alpha how much of a mixed row is the convolution's
   */
  record Convolutions(int slots, int mixed, int kernel, float alpha) {}

  /** Copies the lists. */
  PlanCase {
    uses = List.copyOf(uses);
    prompts = List.copyOf(prompts);
  }

  /** {@return this case with other statements} */
  PlanCase withUses(List<String> others) {
    return new PlanCase(model, others, context, span, prompts, steps, convolutions);
  }

  /** {@return this case with other prompts, and so many steps behind them} */
  PlanCase withTexts(List<Integer> otherPrompts, int otherSteps) {
    return new PlanCase(model, uses, context, span, otherPrompts, otherSteps, convolutions);
  }

  /** {@return this case on another model} */
  PlanCase withModel(SmallModel other) {
    return new PlanCase(other, uses, context, span, prompts, steps, convolutions);
  }

  /** {@return all tokens that the session reads} */
  int tokens() {
    return prompts.stream().mapToInt(Integer::intValue).sum() + steps;
  }

  /** {@return the policy's text} */
  String policy() {
    return uses.stream()
        .map(use -> "  " + use + "\n")
        .collect(Collectors.joining("", "policy random {\n", "}\n"));
  }

  /** {@return everything, for people} */
  @Override
  public String toString() {
    return "%s// %s; context %d, span %d, prompts of %s, %d steps, %s"
        .formatted(policy(), model, context, span, prompts, steps, convolutions);
  }
}
