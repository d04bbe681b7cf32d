package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.ir.type.Task;
import dev.kvasir.plans.program.Program.Setting;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
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

  /** {@return text without a question mark, but for one at {@code question} if that is not -1} */
  private static int[] prompt(int length, int question) {
    String text = NeedlePrompt.of(new Random(SEED), length, 170).text().replace('?', '.');
    int[] tokens = text.chars().toArray();
    if (question >= 0) {
      tokens[question] = '?';
    }
    return tokens;
  }

  /** {@return a prompt and the steps behind it, which repeat its tokens} */
  private static int[] steps(int... prompt) {
    return IntStream.concat(Arrays.stream(prompt), Arrays.stream(prompt, 0, STEPS)).toArray();
  }

  private static List<float[]> run(LoadedModel model, SessionOptions options, int... prompt) {
    try (Session session = model.newSession(options)) {
      return Logits.of(session, steps(prompt), PROMPT);
    }
  }

  private static SessionOptions options() {
    return SessionOptions.defaults();
  }

  private static void requireSame(List<float[]> found, List<float[]> expected) {
    Logits.requireSame(found, expected, "seed " + SEED);
  }

  @ParameterizedTest
  @ValueSource(strings = {WINDOWS, PER_HEAD})
  void logitsAreThoseOfTheEvaluatorForBothTasks(String uses) {
    LoadedModel model = SampleModel.using(uses);
    for (Task task : Task.values()) {
      int[] prompt = prompt(PROMPT, task == Task.LOCALIZATION ? PROMPT - 1 : -1);
      List<float[]> found = run(model, options(), prompt);
      try (Model files = Model.open(SampleModel.FOLDER)) {
        ReferenceEvaluator evaluator = Logits.evaluator(model.plan(), files);
        evaluator.task(task);
        Logits.requireNear(
            found,
            Logits.expected(evaluator, SampleModel.SPAN, steps(prompt), PROMPT),
            "%s, seed %s".formatted(task, SEED));
      }
    }
  }

  /** A question mark in the last span decides for the first one too. */
  @Test
  void promptsGetWhatAPolicyWithTheirTaskGives() {
    int[] asking = prompt(PROMPT, PROMPT - 1);
    int[] telling = prompt(PROMPT, -1);
    LoadedModel one = SampleModel.using(WINDOWS.replace("auto", "localization"));
    LoadedModel all = SampleModel.using(WINDOWS.replace("auto", "aggregation"));
    requireSame(run(SampleModel.using(WINDOWS), options(), asking), run(one, options(), asking));
    requireSame(run(SampleModel.using(WINDOWS), options(), telling), run(all, options(), telling));
    assertThat(run(one, options(), asking).getLast())
        .isNotEqualTo(run(all, options(), asking).getLast());
  }

  @Test
  void promptsOfASessionDecideOneAfterTheOther() {
    LoadedModel model = SampleModel.using(WINDOWS);
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
    run(model, options(), prompt(PROMPT, -1));
    requireSame(run(model, options(), prompt(PROMPT, 0)), alone);
  }

  @Test
  void questionsInTheMiddleOfALongPromptAreNotSeen() {
    for (int place : new int[] {255, 256, 263, 264}) {
      try (Session session = SampleModel.using(WINDOWS).newSession()) {
        session.append(Prompt.ofTokens(prompt(520, place)));
        assertThat(session.settings())
            .as("question at %s", place)
            .isEqualTo(
                Map.of("task", place == 255 || place == 264 ? "localization" : "aggregation"));
      }
    }
  }

  @Test
  void sessionsMayBeOpenedWithATask() {
    int[] asking = prompt(PROMPT, PROMPT - 1);
    LoadedModel all = SampleModel.using(WINDOWS.replace("auto", "aggregation"));
    SessionOptions given = options().setting("task", "aggregation");
    requireSame(run(SampleModel.using(WINDOWS), given, asking), run(all, options(), asking));
    assertThatThrownBy(
            () -> SampleModel.using(WINDOWS).newSession(options().setting("task", "summary")))
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
    List<Setting> settings = SampleModel.using(WINDOWS).plan().program().settings();
    assertThat(settings).hasSize(1);
    assertThat(settings.getFirst().name()).isEqualTo("task");
    assertThat(settings.getFirst().rule().tokens()).containsExactly((int) '?');
    assertThat(settings.getFirst().rule().reach()).isEqualTo(256);
  }
}
