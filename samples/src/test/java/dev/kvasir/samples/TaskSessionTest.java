package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.ir.type.Task;
import dev.kvasir.plans.program.Program.Setting;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions of one plan whose prompts ask for one place, by a question mark, or for all of it. */
final class TaskSessionTest {
  private static final int PROMPT = 230;

  /** More than one tail. */
  private static final int STEPS = 52;

  private static final long SEED = 29;

  private static final String WINDOWS =
      "use select-window(budget = 96, window = 8, observe = 16, share = 2, tail = 48, task = auto);";
  private static final String PER_HEAD =
      "use select-window(budget = 96, window = 1, observe = 16, share = 1, per-head = true,"
          + " pool = 7, tail = 48, task = auto);";

  private static final Map<String, LoadedModel> MODELS = new ConcurrentHashMap<>();

  private static LoadedModel model(String uses) {
    return MODELS.computeIfAbsent(
        uses,
        text -> {
          Policy policy =
              Policy.parse(new SourceText("tasks.kvp", "policy tasks { " + text + " }"));
          return SampleModel.load(SampleModel.compile(policy), SampleModel.twoThreads());
        });
  }

  /** {@return text without a question mark, but for one at {@code question} if that is not -1} */
  private static int[] prompt(int length, int question) {
    String text = NeedlePrompt.of(new Random(SEED), length, 170).text().replace('?', '.');
    int[] tokens = text.chars().toArray();
    if (question >= 0) {
      tokens[question] = '?';
    }
    return tokens;
  }

  private static List<float[]> run(Session session, int... prompt) {
    List<float[]> logits = new ArrayList<>();
    session.append(Prompt.ofTokens(prompt));
    logits.add(session.logits());
    for (int step = 0; step < STEPS; step++) {
      session.step(prompt[step]);
      logits.add(session.logits());
    }
    return logits;
  }

  private static List<float[]> run(LoadedModel model, SessionOptions options, int... prompt) {
    try (Session session = model.newSession(options)) {
      return run(session, prompt);
    }
  }

  private static SessionOptions options() {
    return SessionOptions.defaults();
  }

  private static void requireSame(List<float[]> found, List<float[]> expected) {
    for (int step = 0; step < expected.size(); step++) {
      assertThat(found.get(step)).as("step %s, seed %s", step, SEED).isEqualTo(expected.get(step));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {WINDOWS, PER_HEAD})
  void logitsAreThoseOfTheEvaluatorForBothTasks(String uses) {
    LoadedModel model = model(uses);
    for (Task task : Task.values()) {
      int[] prompt = prompt(PROMPT, task == Task.LOCALIZATION ? PROMPT - 1 : -1);
      List<float[]> found = run(model, options(), prompt);
      try (Model files = Model.open(SampleModel.FOLDER)) {
        ReferenceEvaluator evaluator =
            new ReferenceEvaluator(SampleModel.graph(model.plan()), files);
        evaluator.task(task);
        double[] expected = {};
        for (int from = 0; from < PROMPT; from += SampleModel.SPAN) {
          int to = Math.min(PROMPT, from + SampleModel.SPAN);
          expected = evaluator.prefill(Arrays.copyOfRange(prompt, from, to)).logits();
        }
        for (int step = 0; step <= STEPS; step++) {
          if (step > 0) {
            expected = evaluator.step(prompt[step - 1]).logits();
          }
          assertThat(Vectors.cosine(found.get(step), expected))
              .as("cosine for %s at step %s, seed %s", task, step, SEED)
              .isGreaterThan(0.99999);
        }
      }
    }
  }

  /** A question mark in the last span decides for the first one too. */
  @Test
  void promptsGetWhatAPolicyWithTheirTaskGives() {
    int[] asking = prompt(PROMPT, PROMPT - 1);
    int[] telling = prompt(PROMPT, -1);
    LoadedModel one = model(WINDOWS.replace("auto", "localization"));
    LoadedModel all = model(WINDOWS.replace("auto", "aggregation"));
    requireSame(run(model(WINDOWS), options(), asking), run(one, options(), asking));
    requireSame(run(model(WINDOWS), options(), telling), run(all, options(), telling));
    assertThat(run(one, options(), asking).getLast())
        .isNotEqualTo(run(all, options(), asking).getLast());
  }

  @Test
  void promptsOfASessionDecideOneAfterTheOther() {
    LoadedModel model = model(WINDOWS);
    try (Session session = model.newSession()) {
      session.append(Prompt.of("Where is the needle?"));
      assertThat(session.settings()).isEqualTo(Map.of("task", "localization"));
      try (Session other = model.newSession()) {
        other.append(Prompt.of("Say it in short."));
        assertThat(other.settings()).isEqualTo(Map.of("task", "aggregation"));
      }
      session.append(Prompt.of("Say it in short."));
      assertThat(session.settings()).isEqualTo(Map.of("task", "aggregation"));
    }
    List<float[]> alone = run(model, options(), prompt(PROMPT, 0));
    try (Session session = model.newSession()) {
      run(session, prompt(PROMPT, -1));
    }
    requireSame(run(model, options(), prompt(PROMPT, 0)), alone);
  }

  @Test
  void questionsInTheMiddleOfALongPromptAreNotSeen() {
    for (int place : new int[] {-1, 255, 256, 300, 343, 344}) {
      try (Session session = model(WINDOWS).newSession()) {
        session.append(Prompt.ofTokens(prompt(600, place)));
        assertThat(session.settings())
            .as("question at %s", place)
            .isEqualTo(
                Map.of("task", place == 255 || place == 344 ? "localization" : "aggregation"));
      }
    }
  }

  @Test
  void sessionsMayBeOpenedWithATask() {
    int[] asking = prompt(PROMPT, PROMPT - 1);
    LoadedModel all = model(WINDOWS.replace("auto", "aggregation"));
    SessionOptions given = options().setting("task", "aggregation");
    requireSame(run(model(WINDOWS), given, asking), run(all, options(), asking));
    assertThatThrownBy(() -> model(WINDOWS).newSession(options().setting("task", "summary")))
        .isInstanceOfSatisfying(
            KvasirException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.OPTION_INVALID);
              assertThat(e.problem())
                  .isEqualTo("task must be one of localization, aggregation, auto, got summary");
            });
  }

  @Test
  void thePlanSaysWhichTokensDecide() {
    List<Setting> settings = model(WINDOWS).plan().program().settings();
    assertThat(settings).hasSize(1);
    assertThat(settings.getFirst().name()).isEqualTo("task");
    assertThat(settings.getFirst().rule().tokens()).containsExactly((int) '?');
    assertThat(settings.getFirst().rule().reach()).isEqualTo(256);
  }
}
