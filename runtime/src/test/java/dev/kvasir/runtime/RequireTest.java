package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.runtime.toy.ToyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequireTest {

  private static final String MESSAGE = "the first two tokens are not 0; begin with zeros";

  @TempDir private Path folder;

  @Test
  void whatIsNotZeroEndsTheRunAndTheSession() throws IOException {
    try (LoadedModel model = model();
        Session session = model.newSession()) {
      session.append(Prompt.ofTokens(0, 0, 7));
      assertThat(session.greedyToken()).isEqualTo(ToyModel.next(0, 0, 7));
      // Only what the expression counts is looked at.
      session.append(Prompt.ofTokens(0));
      session.step(5);
      assertThat(session.greedyToken()).isEqualTo(ToyModel.next(0, 0, 7, 0, 5));
      assertThatThrownBy(() -> session.append(Prompt.ofTokens(0, 3)))
          .isInstanceOfSatisfying(
              KvasirException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.REQUIREMENT_FAILED);
                assertThat(e.problem()).isEqualTo(MESSAGE);
                assertThat(e.code().category().exitStatus()).isEqualTo(3);
              });
      assertThatThrownBy(() -> session.step(0))
          .isInstanceOfSatisfying(
              KvasirException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.SESSION_DAMAGED));
    }
  }

  private LoadedModel model() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    Program program = plan.program();
    List<Procedure> procedures = new ArrayList<>(program.procedures());
    procedures.replaceAll(
        procedure -> procedure.name().equals(Program.PREFILL) ? requiring(procedure) : procedure);
    Program changed =
        new Program(
            program.kernels(), program.segments(), procedures, program.rules(), program.marks());
    return LoadedModel.load(
        new Plan(plan.manifest(), changed, plan.memory(), plan.files()),
        folder.resolve("model"),
        ToyRuntime.options(folder));
  }

  private static Procedure requiring(Procedure procedure) {
    List<Step> steps = new ArrayList<>(procedure.steps());
    steps.add(1, new Step.Require("tokens", Expression.parse("min(span, 2)"), MESSAGE));
    return new Procedure(procedure.name(), steps);
  }
}
