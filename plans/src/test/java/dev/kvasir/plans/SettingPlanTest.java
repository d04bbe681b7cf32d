package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.PromptRule;
import dev.kvasir.plans.program.Program.Setting;
import dev.kvasir.plans.testing.ChosenSamplePlan;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A plan whose steps depend on a setting; each case changes one thing in its JSON. */
class SettingPlanTest {

  private static final String SETTINGS =
      "\"settings\" : [ { \"name\" : \"task\", \"values\" : [ \"one\", \"all\" ], \"prompt\" : {"
          + " \"tokens\" : [ 3, 7 ], \"reach\" : 5, \"found\" : 0, \"otherwise\" : 1 } } ]";

  @Test
  void theSampleIsAcceptedAndReadBack() throws PlanException {
    Program program = check("", "");
    assertThat(program.settings())
        .containsExactly(
            new Setting("task", List.of("one", "all"), new PromptRule(List.of(3, 7), 5, 0, 1)));
    assertThat(ProgramJson.read(ProgramJson.write(program), false)).isEqualTo(program);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"name\" : \"task\" | \"name\" : \"tokens\" | setting tokens: error[KV6006]: expected the name of a counter that there is not yet",
        "\"name\" : \"task\" | \"name\" : \"selected_80\" | setting selected_80: error[KV6006]: expected the name of a counter that there is not yet",
        "\"name\" : \"task\" | \"name\" : \"max\" | setting max: error[KV6006]: expected the name of a counter that there is not yet",
        "\"name\" : \"task\" | \"name\" : \"other\" | rows: error[KV6006]: in \"position - selected_80 + 49 * task\": no counter task here",
        "\"settings\" : [ | \"settings\" : [ 5, | expected an object, got",
        "[ \"one\", \"all\" ] | [ ] | setting task: values: error[KV6006]: expected 1 to 64, got 0",
        "[ \"one\", \"all\" ] | [ \"one\", \"one\" ] | setting task: value one: error[KV6006]: expected one of that name, got two",
        "[ \"one\", \"all\" ] | [ \"one\", \"auto\" ] | setting task: values: error[KV6006]: expected words of small letters, digits and \"-\", other than auto",
        "[ \"one\", \"all\" ] | [ \"one\", \"a b\" ] | setting task: values: error[KV6006]: expected words",
        "[ \"one\", \"all\" ] | [ \"one\", \"all\", \"some\" ] | procedure prefill, observe 5: rows: error[KV6006]: expected \"position - selected_80 + 49 * task\" in 0..128, got 1",
        "[ 3, 7 ] | [ 7, 3 ] | setting task: prompt: tokens: error[KV6006]: expected 8 to",
        "[ 3, 7 ] | [ -1, 7 ] | setting task: prompt: tokens: error[KV6006]: expected 0 to",
        "[ 3, 7 ] | [ 3, 1000000 ] | setting task: prompt: tokens: error[KV6006]: expected 4 to",
        "\"reach\" : 5 | \"reach\" : 0 | setting task: prompt: reach: error[KV6006]: expected 1 to 65536, got 0",
        "\"found\" : 0 | \"found\" : 2 | setting task: prompt: found: error[KV6006]: expected 0 to 1, got 2",
        "\"otherwise\" : 1 | \"otherwise\" : -1 | setting task: prompt: otherwise: error[KV6006]: expected 0 to 1, got -1",
        "\"otherwise\" : 1 | \"other\" : 1 | expected a field \"otherwise\", got none",
        "49 * task | 50 * task | procedure prefill, observe 5: rows: error[KV6006]: expected \"position - selected_80 + 50 * task\" in 0..128, got 129",
        "\"min(selected_80, 70)\" | \"min(selected_80, 70 * task)\" | segment layer.1.kept: rows: error[KV6006]: in \"min(selected_80, 70 * task)\": no counter task here",
      })
  void refusesWhatContradictsItself(String from, String to, String problem) {
    assertThatThrownBy(() -> check(from, to))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  private static Program check(String from, String to) throws PlanException {
    Plan plan = ChosenSamplePlan.plan();
    String text =
        new String(ProgramJson.write(plan.program()), StandardCharsets.UTF_8)
            .replaceAll("\n *", " ");
    text = replaced(text, "\"marks\" : [", SETTINGS + ", \"marks\" : [");
    text = replaced(text, "position - selected_80\"", "position - selected_80 + 49 * task\"");
    Program program =
        ProgramJson.read(replaced(text, from, to).getBytes(StandardCharsets.UTF_8), false);
    PlanChecker.check(new Plan(plan.manifest(), program, plan.memory(), plan.files()));
    return program;
  }

  private static String replaced(String text, String from, String to) {
    int at = text.indexOf(from);
    assertThat(at).as("where %s is in %s", from, text).isNotNegative();
    return text.substring(0, at) + to + text.substring(at + from.length());
  }
}
