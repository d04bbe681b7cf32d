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

/** Each case changes one thing in the JSON of a plan with chosen rows and names the refusal. */
class ChosenPlanTest {

  @Test
  void theSampleIsAcceptedAndReadBack() throws PlanException {
    Plan plan = ChosenSamplePlan.plan();
    PlanChecker.check(plan);
    assertThat(ProgramJson.read(ProgramJson.write(plan.program()), false))
        .isEqualTo(plan.program());
    assertThat(MemoryJson.read(MemoryJson.write(plan.memory()), false)).isEqualTo(plan.memory());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{ \"mark\" : \"selected_80\" } | { \"call\" : \"close_page\" } | mark selected_80: error[KV6006]: expected prefill to set it, got nothing that does",
        "{ \"mark\" : \"selected_80\" } | { \"mark\" : \"selected_80\" }, { \"mark\" : \"selected_80\" } | procedure prefill: mark selected_80: error[KV6006]: expected one of that name, got two",
        "{ \"mark\" : \"selected_80\" } | { \"mark\" : \"selected_80\" }, { \"call\" : \"close_page\" } | procedure prefill: error[KV6006]: expected marks to be set by the last steps, got another step after mark selected_80",
        "{ \"mark\" : \"selected_80\" } | { \"mark\" : \"other\" } | procedure prefill: error[KV6006]: expected a declared mark, got other",
        "{ \"mark\" : \"selected_80\" } | { \"mark\" : 80 } | expected a text, got",
        "\"tokens - selected_80 == 80\" | \"tokens - selected_80 == 79\" | rule 2: error[KV6006]: expected \"tokens - selected_80 == 80\", since it sets mark selected_80, got \"tokens - selected_80 == 79\"",
        "\"tokens - selected_80 == 80\" | \"tokens - selected_80 >= 80\" | rule 2: error[KV6006]: expected \"tokens - selected_80 == 80\"",
        "\"call\" : \"select\" | \"call\" : \"close_page\" | procedure select: error[KV6006]: expected marks to be set by prefill or by what a rule calls, got one set here",
        "\"rules\" : [ | \"rules\" : [ { \"when\" : \"tokens - selected_80 == 80\", \"call\" : \"select\" }, | mark selected_80: error[KV6006]: expected one rule that sets it, got 2",
        "\"rules\" : [ | \"rules\" : [ { \"when\" : \"1\", \"call\" : \"prefill\" }, | rule 1: error[KV6006]: expected \"tokens - selected_80 == 80\", since it sets mark selected_80, got \"1\"",
        "{ \"name\" : \"close_page\", \"steps\" : [ ] } | { \"name\" : \"close_page\", \"steps\" : [ { \"mark\" : \"selected_80\" } ] } | rule 1: error[KV6006]: expected \"tokens - selected_80 == 80\"",
        "\"call\" : \"layers\" | \"call\" : \"select\" | procedure prefill: error[KV6006]: expected a call of what sets no mark, got one of select",
        "\"name\" : \"step\", \"steps\" : [ | \"name\" : \"step\", \"steps\" : [ { \"mark\" : \"selected_80\" }, | procedure step: error[KV6006]: expected marks to be set by the last steps",
        "\"name\" : \"selected_80\" | \"name\" : \"selected_81\" | procedure prefill: error[KV6006]: expected a declared mark, got selected_80",
        "\"name\" : \"selected_80\" | \"name\" : \"tokens\" | mark tokens: error[KV6006]: expected the name of a counter that there is not yet",
        "\"name\" : \"selected_80\" | \"name\" : \"floordiv\" | mark floordiv: error[KV6006]: expected the name of a counter that there is not yet",
        "\"name\" : \"selected_80\" | \"name\" : \"8 0\" | mark 8 0: error[KV6006]: expected the name of a counter that there is not yet",
        "\"marks\" : [ | \"marks\" : [ { \"name\" : \"selected_80\", \"most\" : 7 }, | mark selected_80: error[KV6006]: expected one of that name, got two",
        "\"most\" : 80 | \"most\" : 0 | mark selected_80: most: error[KV6006]: expected 1 to 268435456, got 0",
        "\"most\" : 80 | \"most\" : -80 | mark selected_80: most: error[KV6006]: expected 1 to 268435456, got -80",
        "\"rows\" : \"position - selected_80\" | \"rows\" : \"position - selected_80 - 1\" | procedure prefill, observe 5: rows: error[KV6006]: expected \"position - selected_80 - 1\" in 0..128, got -1 at tokens = 1, selected_80 = 0",
        "\"rows\" : \"tokens - selected_80\", \"heads | \"rows\" : \"tokens - selected_80 + 49\", \"heads | procedure step, observe 4: rows: error[KV6006]: expected \"tokens - selected_80 + 49\" in 0..128, got 129",
        "2 * (tokens - selected_80) - 40 | 2 * (tokens - selected_80) - 31 | procedure select, observe 1: rows: error[KV6006]: expected \"2 * (tokens - selected_80) - 31\" in 0..128, got 129",
        "\"positions\" : \"positions\" | \"positions\" : \"hidden\" | segment layer.1.kept: chosen: positions: error[KV6006]: expected state of i32, got hidden of f32",
        "\"positions\" : \"positions\" | \"positions\" : \"kept_table\" | chosen: positions: error[KV6006]: expected state of i32, got kept_table of i32",
        "\"positions\" : \"positions\" | \"positions\" : \"none\" | chosen: positions: error[KV6006]: expected a declared buffer, got none",
        "\"counts\" : \"counts\" | \"counts\" : \"next\" | chosen: counts: error[KV6006]: expected state of i32, got next of i32",
        "\"positions_offset\" : 10 | \"positions_offset\" : 11 | segment layer.1.kept: rows: error[KV6006]: expected \"min(selected_80, 70)\" in 0..69, got 70",
        "\"positions_offset\" : 10 | \"positions_offset\" : -1 | chosen: positions: error[KV6006]: expected element -1, where the last list begins, among its 150",
        "\"positions_offset\" : 10 | \"positions_offset\" : 2147483647 | chosen: positions: error[KV6006]: expected element 2147483717, where the last list begins, among its 150",
        "\"positions_stride\" : 70 | \"positions_stride\" : 69 | segment layer.1.kept: rows: error[KV6006]: expected \"min(selected_80, 70)\" in 0..69, got 70",
        "\"positions_stride\" : 70 | \"positions_stride\" : 0 | chosen: error[KV6006]: expected one list for all heads or one for each, got strides of 0 and 1",
        "\"positions_stride\" : 70 | \"positions_stride\" : -70 | chosen: positions_stride: error[KV6006]: expected 0 to 2147483647, got -70",
        "\"counts_stride\" : 1 | \"counts_stride\" : 2 | chosen: counts: error[KV6006]: expected element 3, where the last list begins, among its 3",
        "\"counts_stride\" : 1 | \"counts_stride\" : 2147483647 | chosen: counts: error[KV6006]: expected element 2147483648",
        "\"counts_stride\" : 1 | \"counts_strides\" : 1 | expected a field \"counts_stride\", got none",
        "\"min(selected_80, 70)\" | \"min(70, 69)\" | segment layer.1.kept: rows: error[KV6006]: expected chosen rows to depend on the one mark of their choice, got 0 marks",
        "\"min(selected_80, 70)\" | \"min(selected_80, tokens)\" | segment layer.1.kept: rows: error[KV6006]: expected as many chosen rows as at their choice, got rows that depend on tokens",
        "\"min(selected_80, 70)\" | \"min(selected_80, position)\" | segment layer.1.kept: rows: error[KV6006]: in \"min(selected_80, position)\": no counter position here",
        "\"slots\" : 2 | \"slots\" : 1 | segment layer.1.kept: rows: error[KV6006]: expected \"min(selected_80, 70)\" in 0..64, got 65",
        "\"first_position\" : \"selected_80\" | \"first_position\" : \"selected_80 - 1\" | segment layer.1.tail: first_position: error[KV6006]: expected \"selected_80 - 1\" in 0..2147483647, got -1",
        "\"first_position\" : \"selected_80\" | \"first_position\" : 0 | expected a text, got",
        "\"rows\" : \"tokens - selected_80\", \"first | \"rows\" : \"selected_80 - tokens\", \"first | segment layer.1.tail: rows: error[KV6006]: expected \"selected_80 - tokens\" in 0..2147483647, got -",
      })
  void programsThatContradictThemselves(String from, String to, String problem) {
    assertThatThrownBy(() -> checkProgram(from, to))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "ceildiv(tokens - selected_80, 64) | floordiv(tokens - selected_80, 64) | kv_bytes: error[KV6006]: expected 12960, the pages and page tables of all segments, at tokens = 1, selected_80 = 0, got 4768",
        "ceildiv(min(selected_80, 70), 64) | ceildiv(min(selected_80, 60), 64) | kv_bytes: error[KV6006]: expected 25248, the pages and page tables of all segments, at tokens = 65, selected_80 = 65, got 17056",
        "+ 672 | + 60 | kv_bytes: error[KV6006]: expected 672, the pages and page tables of all segments, at tokens = 0, selected_80 = 0, got 60",
        "\"8 * 1024\" | \"7 * 1024\" | segment layer.1.tail: pool: error[KV6006]: expected room for 8 pages of 1024 elements, got 7168",
        "\"elements\" : \"150\" | \"elements\" : \"selected_80\" | buffer positions: elements: error[KV6006]: in \"selected_80\": no counter selected_80 here",
      })
  void memoryThatContradictsItself(String from, String to, String problem) {
    assertThatThrownBy(() -> checkMemory(from, to))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void marksAreBounded() {
    StringBuilder marks = new StringBuilder("\"marks\" : [");
    for (int i = 0; i < 16; i++) {
      marks.append(" { \"name\" : \"mark_%d\", \"most\" : 7 },".formatted(i));
    }
    assertThatThrownBy(() -> checkProgram("\"marks\" : [", marks.toString()))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining("marks: error[KV6006]: expected 0 to 16, got 17");
  }

  private static void checkProgram(String from, String to) throws PlanException {
    Plan plan = ChosenSamplePlan.plan();
    check(replaced(ProgramJson.write(plan.program()), from, to), MemoryJson.write(plan.memory()));
  }

  private static void checkMemory(String from, String to) throws PlanException {
    Plan plan = ChosenSamplePlan.plan();
    check(ProgramJson.write(plan.program()), replaced(MemoryJson.write(plan.memory()), from, to));
  }

  private static void check(byte[] programBytes, byte[] memoryBytes) throws PlanException {
    Plan plan = ChosenSamplePlan.plan();
    Program program = ProgramJson.read(programBytes, false);
    MemoryPlan memory = MemoryJson.read(memoryBytes, false);
    PlanChecker.check(new Plan(plan.manifest(), program, memory, plan.files()));
  }

  private static byte[] replaced(byte[] json, String from, String to) {
    // Line breaks and indentation become single spaces, so that a case fits on a line.
    String text = new String(json, StandardCharsets.UTF_8).replaceAll("\n *", " ");
    int at = text.indexOf(from);
    if (at < 0) {
      throw new AssertionError("nothing to replace: " + from + " in " + text);
    }
    return (text.substring(0, at) + to + text.substring(at + from.length()))
        .getBytes(StandardCharsets.UTF_8);
  }
}
