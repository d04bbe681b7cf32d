package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.testing.ChosenSamplePlan;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A mark that begins above 0 and that prefill sets only when it is due: the first 70 rows come one
 * after the other, and then 80 more before rows are chosen.
 */
class ConditionalMarkTest {

  private static String program() {
    String text = text(ProgramJson.write(ChosenSamplePlan.plan().program()));
    text = replaced(text, "\"most\" : 80", "\"most\" : 80, \"initial\" : 70");
    text =
        replaced(
            text,
            "{ \"mark\" : \"selected_80\" }",
            "{ \"mark\" : \"selected_80\", \"when\" : \"80 <= tokens - selected_80\" }");
    text = replaced(text, "min(selected_80, 70)", "min(min(tokens, selected_80), 70)");
    text = replaced(text, "\"position - selected_80\"", "\"max(position - selected_80, 0)\"");
    text =
        replaced(
            text, "\"tokens - selected_80\", \"heads", "\"max(tokens - selected_80, 0)\", \"heads");
    return replaced(
        text, "\"tokens - selected_80\", \"first", "\"max(tokens - selected_80, 0)\", \"first");
  }

  private static String memory() {
    String text = text(MemoryJson.write(ChosenSamplePlan.plan().memory()));
    text = replaced(text, "min(selected_80, 70)", "min(min(tokens, selected_80), 70)");
    return replaced(
        text, "ceildiv(tokens - selected_80, 64)", "ceildiv(max(tokens - selected_80, 0), 64)");
  }

  private static String text(byte[] json) {
    return new String(json, StandardCharsets.UTF_8).replaceAll("\n *", " ");
  }

  private static String replaced(String text, String from, String to) {
    int at = text.indexOf(from);
    if (at < 0) {
      throw new AssertionError("nothing to replace: " + from + " in " + text);
    }
    return text.substring(0, at) + to + text.substring(at + from.length());
  }

  private static Program check(String program, String memory) throws PlanException {
    Plan plan = ChosenSamplePlan.plan();
    Program read = ProgramJson.read(program.getBytes(StandardCharsets.UTF_8), false);
    MemoryPlan bytes = MemoryJson.read(memory.getBytes(StandardCharsets.UTF_8), false);
    PlanChecker.check(new Plan(plan.manifest(), read, bytes, plan.files()));
    return read;
  }

  @Test
  void isAcceptedAndReadBack() throws PlanException {
    Program program = check(program(), memory());
    assertThat(program.marks()).containsExactly(new Program.Mark("selected_80", 80, 70));
    assertThat(ProgramJson.read(ProgramJson.write(program), false)).isEqualTo(program);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        ", \"when\" : \"80 <= tokens - selected_80\" | ` ` | procedure prefill: mark selected_80: error[KV6006]: expected condition \"80 <= tokens - selected_80\", since the mark begins at 70, got none",
        "\"80 <= tokens - selected_80\" | \"79 <= tokens - selected_80\" | procedure prefill: mark selected_80: error[KV6006]: expected \"80 <= tokens - selected_80\", got \"79 <= tokens - selected_80\"",
        "\"80 <= tokens - selected_80\" | \"1\" | procedure prefill: mark selected_80: error[KV6006]: expected \"80 <= tokens - selected_80\", got \"1\"",
        "{ \"mark\" : \"selected_80\" } | { \"mark\" : \"selected_80\", \"when\" : \"80 <= tokens - selected_80\" } | procedure select: mark selected_80: error[KV6006]: expected a condition in prefill alone, got one",
        "\"initial\" : 70 | \"initial\" : -1 | mark selected_80: initial: error[KV6006]: expected 0 to 268435456, got -1",
        "\"initial\" : 70 | \"initial\" : 0 | segment layer.1.kept: rows: error[KV6006]: expected as many chosen rows as at their choice, got rows that depend on tokens",
        "\"max(position - selected_80, 0)\" | \"position - selected_80\" | expected \"position - selected_80\" in 0..128, got -",
        "\"max(position - selected_80, 0)\" | \"max(position - selected_80 + 50, 0)\" | expected \"max(position - selected_80 + 50, 0)\" in 0..128, got 129",
      })
  void refuses(String from, String to, String problem) {
    assertThatThrownBy(() -> check(replaced(program(), from, to), memory()))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void rowsOfATailThatHasNotBegunTakeNoBytes() {
    assertThatThrownBy(
            () -> check(program(), replaced(memory(), "max(tokens - selected_80, 0)", "1")))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining("the pages and page tables of all segments, at tokens = 0");
  }
}
