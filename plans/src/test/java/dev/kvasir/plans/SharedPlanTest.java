package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.testing.SharedSamplePlan;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each case changes one thing in the JSON of a plan with shared rows and names the refusal. */
class SharedPlanTest {

  @Test
  void theSamplesAreAcceptedAndReadBack() throws PlanException {
    for (Plan plan : List.of(SharedSamplePlan.plan(), SharedSamplePlan.chosen())) {
      PlanChecker.check(plan);
      assertThat(ProgramJson.read(ProgramJson.write(plan.program()), false))
          .isEqualTo(plan.program());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"shares\" : \"layer.0.shared\" | \"shares\" : \"layer.1.shared\" | segment layer.1.shared: norms: shares: error[KV6006]: expected a segment declared before, with norms and pages of its own, got layer.1.shared",
        "\"shares\" : \"layer.0.shared\" | \"shares\" : \"nothing\" | expected a segment declared before, with norms and pages of its own, got nothing",
        ", \"shares\" : \"layer.0.shared\" | | segment layer.1.shared: table: error[KV6006]: expected elements of its own, got element 0 of another segment",
        "\"key_norms\" : 0 | \"key_norms\" : 32 | norms: key_norms: error[KV6006]: expected a multiple of the 64 rows of a page, got 32",
        "\"key_norms\" : 0 | \"key_norms\" : 256 | norms: key_norms: error[KV6006]: expected 0 to 192, got 256",
        "\"key_norms\" : 0 | \"key_norms\" : 64 | norms: error[KV6006]: expected two lists, got one for keys and values",
        "\"table_offset\" : 4, \"key_norms\" : 128 | \"table_offset\" : 3, \"key_norms\" : 128 | norms: shares: error[KV6006]: expected a segment of another layer that is like layer.0.shared but for its norms",
        "\"name\" : \"layer.1.shared\", \"layer\" : 1 | \"name\" : \"layer.1.shared\", \"layer\" : 0 | expected a segment of another layer that is like layer.0.shared",
        "\"name\" : \"layer.1.shared\", \"layer\" : 1, \"heads\" : [ 0, 1 ] | \"name\" : \"layer.1.shared\", \"layer\" : 1, \"heads\" : [ 0 ] | expected a segment of another layer that is like layer.0.shared",
        "\"table_offset\" : 4, \"key_norms\" : 0 | \"table_offset\" : 3, \"key_norms\" : 0 | segment layer.0.shared: table: error[KV6006]: expected elements of its own, got element 3 of another segment",
        "\"table_offset\" : 4, \"key_norms\" : 0 | \"table_offset\" : 9, \"key_norms\" : 0 | segment layer.0.shared: table: error[KV6006]: expected 4 elements from 9 within its 12",
        "\"table_offset\" : 10 | \"table_offset\" : 11 | segment layer.1.retained: table: error[KV6006]: expected 2 elements from 11 within its 12",
        "\"pool\" : \"retained_positions\" | \"pool\" : \"norms\" | segment layer.1.retained: pool: error[KV6006]: expected a pool of i32 pages, got norms",
        "\"pool\" : \"norms\", \"table_offset\" : 4, \"key_norms\" : 0 | \"pool\" : \"shared_pages\", \"table_offset\" : 4, \"key_norms\" : 0 | expected a pool of f16 pages, got shared_pages",
        "\"rows\" : \"min(ceildiv(selected_80, 20), 64)\" | \"rows\" : \"selected_80\" | segment layer.1.retained: rows: error[KV6006]: expected \"selected_80\" in 0..64, got 65",
        "\"rows\" : \"min(ceildiv(selected_80, 20), 64)\" | \"rows\" : \"min(tokens, 20)\" | segment layer.1.retained: rows: error[KV6006]: expected rows that depend on a mark and not on tokens",
        "\"first_position\" : \"0\", \"window\" : 0, \"positions\" | \"first_position\" : \"0\", \"window\" : 9, \"positions\" | segment layer.1.retained: error[KV6006]: expected rows in their order and without a window beside pages of their own",
      })
  void programsThatContradictThemselves(String from, String to, String problem) {
    refuse(SharedSamplePlan.plan(), from, to, problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"counts_offset\" : 1 | \"counts_offset\" : 2 | segment layer.1.retained: positions: counts: error[KV6006]: expected element 3, the last count, among its 3",
        "\"counts_offset\" : 1 | \"counts_offset\" : -1 | positions: counts: error[KV6006]: expected element -1, the last count, among its 3",
        "\"counts_offset\" : 1, \"counts_stride\" : 1 | \"counts_offset\" : 1, \"counts_stride\" : -1 | positions: counts_stride: error[KV6006]: expected 0 to 2147483647, got -1",
        "\"counts\" : \"counts\", \"counts_offset\" : 1 | \"counts\" : \"norms\", \"counts_offset\" : 1 | positions: counts: error[KV6006]: expected state of i32, got norms of f16",
        "\"counts\" : \"counts\", \"counts_offset\" : 1 | \"counts\" : \"nothing\", \"counts_offset\" : 1 | positions: counts: error[KV6006]",
        "\"counts\" : \"counts\", \"counts_offset\" : 0 | \"counts\" : \"counts\", \"counts_offset\" : 1 | norms: shares: error[KV6006]: expected a segment of another layer that is like layer.0.shared but for its norms",
        "\"rows\" : \"min(selected_80, 128)\" | \"rows\" : \"min(selected_80, 129)\" | segment layer.0.shared: rows: error[KV6006]: expected \"min(selected_80, 129)\" in 0..128, got 129",
      })
  void chosenRowsThatContradictThemselves(String from, String to, String problem) {
    refuse(SharedSamplePlan.chosen(), from, to, problem);
  }

  private static void refuse(Plan plan, String from, String to, String problem) {
    String changed = to == null ? "" : to;
    assertThatThrownBy(
            () ->
                check(
                    plan,
                    replaced(ProgramJson.write(plan.program()), from, changed),
                    MemoryJson.write(plan.memory())))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "9216 * | 8192 * | kv_bytes: error[KV6006]: expected 22092, the pages and page tables of all segments, at tokens = 1, selected_80 = 1, got 21068",
        "\"4 * 256\" | \"3 * 256\" | segment layer.0.shared: pool: error[KV6006]: expected room for 4 pages of 256 elements, got 768",
      })
  void memoryThatContradictsItself(String from, String to, String problem) {
    Plan plan = SharedSamplePlan.plan();
    assertThatThrownBy(
            () ->
                check(
                    plan,
                    ProgramJson.write(plan.program()),
                    replaced(MemoryJson.write(plan.memory()), from, to)))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  private static void check(Plan plan, byte[] program, byte[] memory) throws PlanException {
    PlanChecker.check(
        new Plan(
            plan.manifest(),
            ProgramJson.read(program, false),
            MemoryJson.read(memory, false),
            plan.files()));
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
