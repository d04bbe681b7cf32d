package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.PromptRule;
import dev.kvasir.plans.program.Program.Setting;
import dev.kvasir.plans.program.Program.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A toy plan with a setting whose value its procedures show, as a number of rows. */
class SettingsTest {

  private static final int ASKS = 9;
  private static final int REACH = 5;
  private static final String SHOWN = "task";

  @TempDir private Path folder;
  private LoadedModel model;
  private final List<Integer> shown = new ArrayList<>();

  @BeforeEach
  void load() throws IOException {
    model = load(folder, true);
  }

  @AfterEach
  void close() {
    model.close();
  }

  private static LoadedModel load(Path folder, boolean withSetting) throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    Program program = plan.program();
    List<Procedure> procedures = new ArrayList<>(program.procedures());
    procedures.replaceAll(
        procedure ->
            List.of(Program.PREFILL, Program.STEP).contains(procedure.name())
                ? showing(procedure)
                : procedure);
    Setting setting =
        new Setting("task", List.of("one", "all"), new PromptRule(List.of(2, ASKS), REACH, 0, 1));
    Program changed =
        withSetting
            ? new Program(
                program.kernels(),
                program.segments(),
                procedures,
                program.rules(),
                program.marks(),
                List.of(setting))
            : program;
    return LoadedModel.load(
        new Plan(plan.manifest(), changed, plan.memory(), plan.files()),
        folder.resolve("model"),
        ToyRuntime.options(folder));
  }

  private static Procedure showing(Procedure procedure) {
    List<Step> steps = new ArrayList<>(procedure.steps());
    steps.add(new Step.Observe(SHOWN, Program.LOGITS, Expression.parse("1 + task"), 1, 1, false));
    return new Procedure(procedure.name(), steps);
  }

  private Session open(SessionOptions options) {
    Session session = model.newSession(options);
    watch(session);
    return session;
  }

  private void watch(Session session) {
    session.observe(
        (name, _, shape, _) -> {
          if (name.equals(SHOWN)) {
            shown.add(shape.get(1) - 1);
          }
        });
  }

  private static Prompt prompt(int length, int... asking) {
    int[] tokens = new int[length];
    Arrays.fill(tokens, 1);
    for (int place : asking) {
      tokens[place] = ASKS;
    }
    return Prompt.ofTokens(tokens);
  }

  private static SessionOptions options() {
    return SessionOptions.defaults();
  }

  @Test
  void looksAtBothEndsOfAPrompt() {
    for (int length : new int[] {1, 4, 5, 6, 9, 10, 11, 40}) {
      for (int place = 0; place < length; place++) {
        boolean seen = place < REACH || place >= length - REACH;
        try (Session session = open(options())) {
          assertThat(session.settings()).isEqualTo(Map.of("task", "all"));
          session.append(prompt(length, place));
          assertThat(session.settings())
              .as("token %s of %s", place, length)
              .isEqualTo(Map.of("task", seen ? "one" : "all"));
        }
      }
    }
  }

  @Test
  void everyPromptDecidesForAllItsSpansAndTheStepsBehind() {
    try (Session session = open(options())) {
      int length = 2 * ToyRuntime.SPAN + 3;
      session.append(prompt(length, length - 1));
      session.step(1);
      session.append(prompt(ToyRuntime.SPAN));
      session.step(ASKS);
      session.append(prompt(length, ToyRuntime.SPAN, 3));
      assertThat(shown).containsExactly(0, 0, 0, 0, 1, 1, 0, 0, 0);
      try (Session other = open(options())) {
        other.append(prompt(2));
        session.step(1);
        assertThat(shown.subList(9, shown.size())).containsExactly(1, 0);
      }
    }
  }

  @Test
  void anEmptyPromptAsksForNothingNew() {
    try (Session session = open(options())) {
      session.generate(prompt(7, 6), Sampling.greedy().maxTokens(2), _ -> {});
      session.generate(Prompt.ofTokens(), Sampling.greedy().maxTokens(2), _ -> {});
      assertThat(session.settings()).isEqualTo(Map.of("task", "one"));
    }
  }

  @Test
  void aSessionMayBeOpenedWithAnAnswer() {
    for (String word : List.of("one", "all")) {
      try (Session session = open(options().setting("task", word))) {
        assertThat(session.settings()).isEqualTo(Map.of("task", word));
        session.append(prompt(7, 6));
        session.append(prompt(7));
        assertThat(session.settings()).isEqualTo(Map.of("task", word));
      }
    }
    assertThat(shown).containsExactly(0, 0, 1, 1);
    try (Session session = open(options().setting("task", "all").setting("task", "auto"))) {
      session.append(prompt(7, 6));
      assertThat(session.settings()).isEqualTo(Map.of("task", "one"));
    }
  }

  @Test
  void forksGoOnWithWhatWasAskedOrGiven() {
    try (Session session = open(options().forks(1))) {
      session.append(prompt(7, 6));
      try (Session fork = session.fork()) {
        watch(fork);
        session.append(prompt(7));
        fork.step(1);
        assertThat(shown).containsExactly(0, 1, 0);
        assertThat(session.settings()).isEqualTo(Map.of("task", "all"));
      }
    }
    try (Session session = open(options().forks(1).setting("task", "one"));
        Session fork = session.fork()) {
      fork.append(prompt(7));
      assertThat(fork.settings()).isEqualTo(Map.of("task", "one"));
    }
  }

  @Test
  void aPromptOfWhichNothingStaysIsForgotten() {
    try (Session session = model.newSession()) {
      session.append(prompt(7, 6));
      session.cancel();
      assertThatThrownBy(() -> session.append(prompt(7))).isInstanceOf(CancelledException.class);
      assertThat(session.settings()).isEqualTo(Map.of("task", "one"));
      assertThatThrownBy(() -> session.append(Prompt.ofTokens(1, 1, 100_000)))
          .isInstanceOf(KvasirException.class);
      assertThat(session.settings()).isEqualTo(Map.of("task", "one"));
    }
  }

  @Test
  void tellsHowFarAPromptIsRead() {
    List<Integer> spans = new ArrayList<>();
    try (Session session = model.newSession()) {
      session.append(prompt(2 * ToyRuntime.SPAN + 3), spans::add);
    }
    assertThat(spans).containsExactly(ToyRuntime.SPAN, ToyRuntime.SPAN, 3);
  }

  @Test
  void refusesWhatThePlanDoesNotHave() throws IOException {
    assertRefused(model, "tsk", "one", "the plan has no setting tsk; it has task");
    assertRefused(model, "task", "some", "task must be one of one, all, auto, got some");
    try (LoadedModel fixed = load(folder.resolve("fixed"), false)) {
      assertRefused(
          fixed,
          "task",
          "auto",
          "the plan leaves nothing to its sessions, got a setting task; its policy decides, compile"
              + " another");
      try (Session session = fixed.newSession()) {
        assertThat(session.settings()).isEmpty();
      }
    }
  }

  private static void assertRefused(LoadedModel loaded, String name, String word, String problem) {
    assertThatThrownBy(() -> loaded.newSession(options().setting(name, word)))
        .isInstanceOfSatisfying(
            KvasirException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.OPTION_INVALID);
              assertThat(e.problem()).isEqualTo(problem);
            });
  }
}
