package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The logits behind each prompt and each decode step, of sessions and of the naive evaluator in
 * double precision.
 *
 * <p>Everywhere, {@code prompts} are the lengths of the prompts that the first tokens are, one
 * after the other; each token behind them is one decode step.
 */
final class Logits {
  /** By policy, tokens and prompts. */
  private static final Map<String, List<float[]>> ALONE = new ConcurrentHashMap<>();

  private Logits() {}

  /**
   * {@return logits of a session of {@link SampleModel#using(String)}, run once for all who ask}
   */
  static List<float[]> alone(String uses, int[] tokens, int... prompts) {
    return ALONE.computeIfAbsent(
        uses + Arrays.toString(prompts) + Arrays.toString(tokens),
        key -> of(SampleModel.using(uses), tokens, prompts));
  }

  /** {@return logits of a new session} */
  static List<float[]> of(LoadedModel model, int[] tokens, int... prompts) {
    try (Session session = model.newSession()) {
      return of(session, tokens, prompts);
    }
  }

  /** {@return logits of a session that goes on with {@code tokens}} */
  static List<float[]> of(Session session, int[] tokens, int... prompts) {
    List<float[]> logits = new ArrayList<>();
    int at = 0;
    for (int prompt : prompts) {
      session.append(Prompt.ofTokens(Arrays.copyOfRange(tokens, at, at + prompt)));
      logits.add(session.logits());
      at += prompt;
    }
    for (; at < tokens.length; at++) {
      session.step(tokens[at]);
      logits.add(session.logits());
    }
    return logits;
  }

  /** {@return what a plan of the sample model in spans of {@link SampleModel#SPAN} is to give} */
  static List<double[]> expected(Plan plan, int[] tokens, int... prompts) {
    try (Model files = Model.open(SampleModel.FOLDER)) {
      return expected(evaluator(plan, files), SampleModel.SPAN, tokens, prompts);
    }
  }

  /** {@return an empty sequence of what a plan was made from} */
  static ReferenceEvaluator evaluator(Plan plan, WeightSource weights) {
    return new ReferenceEvaluator(SampleModel.graph(plan), weights);
  }

  /** {@return logits of a sequence that goes on with {@code tokens}, prompts in spans} */
  static List<double[]> expected(
      ReferenceEvaluator evaluator, int span, int[] tokens, int... prompts) {
    List<double[]> logits = new ArrayList<>();
    int at = 0;
    for (int prompt : prompts) {
      int end = at + prompt;
      while (at < end) {
        int to = Math.min(end, at + span);
        double[] last = evaluator.prefill(Arrays.copyOfRange(tokens, at, to)).logits();
        if (to == end) {
          logits.add(last);
        }
        at = to;
      }
    }
    for (; at < tokens.length; at++) {
      logits.add(evaluator.step(tokens[at]).logits());
    }
    return logits;
  }

  /**
   * Compares directions.
   *
   * @param what is said of a difference: whose logits, and the seed
   */
  static void requireNear(List<float[]> found, List<double[]> expected, String what) {
    assertThat(found).as(what).hasSameSizeAs(expected).isNotEmpty();
    for (int index = 0; index < found.size(); index++) {
      assertThat(Vectors.cosine(found.get(index), expected.get(index)))
          .as("%s: cosine behind prompt or step %s", what, index)
          .isGreaterThan(0.99999);
    }
  }

  /** Compares bits. */
  static void requireSame(List<float[]> found, List<float[]> expected, String what) {
    assertThat(found).as(what).hasSameSizeAs(expected).isNotEmpty();
    for (int index = 0; index < found.size(); index++) {
      assertThat(found.get(index))
          .as("%s: behind prompt or step %s", what, index)
          .isEqualTo(expected.get(index));
    }
  }
}
