package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.testing.PackedSamplePlan;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each case changes one thing in the JSON of a plan with packed segments and names the refusal. */
class PackedPlanTest {

  private static final String KEY =
      "\"key\" : { \"codes\" : \"u8\", \"per\" : \"channel\", \"group\" : 32 }";
  private static final String VALUE =
      "\"value\" : { \"codes\" : \"u4\", \"per\" : \"token\", \"group\" : 16 }";

  @Test
  void theSampleIsAcceptedAndReadBack() throws PlanException {
    Plan plan = PackedSamplePlan.plan();
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
        "\"codes\" : \"u8\" | \"codes\" : \"f16\" | layer.0.full: packing: key: codes: error[KV6006]: expected u8 or u4, got f16",
        "\"per\" : \"channel\" | \"per\" : \"row\" | packing: key: error[KV6006]: expected groups per \"channel\" or per \"token\", got",
        "\"group\" : 32 | \"group\" : 0 | packing: key: group: error[KV6006]: expected 16 to 65536, got 0",
        "\"group\" : 32 | \"group\" : 8 | packing: key: group: error[KV6006]: expected 16 to 65536, got 8",
        "\"group\" : 32 | \"group\" : 24 | packing: key: group: error[KV6006]: expected a divisor of the 64 rows of a page, got 24",
        "\"group\" : 32 | \"group\" : 128 | packing: key: group: error[KV6006]: expected a divisor of the 64 rows of a page, got 128",
        "\"per\" : \"channel\", \"group\" : 32 | \"per\" : \"token\", \"group\" : 24 | packing: key: group: error[KV6006]: expected a divisor of the 32 elements of a row that divides 64 or is a multiple of it, got 24",
        "\"per\" : \"token\" | \"per\" : \"channel\" | packing: value: per: error[KV6006]: expected token, got channel",
        "\"key_dim\" : 32 | \"key_dim\" : 24 | packing: key: error[KV6006]: expected rows of a multiple of 16 elements, got 24",
        "\"format\" : \"bf16\", \"key_dim\" | \"format\" : \"u8\", \"key_dim\" | segment layer.0.full: format: error[KV6006]: expected a floating-point format, got u8",
        "\"group\" : 16 }, \"key_pool\" | \"groups\" : 16 }, \"key_pool\" | expected a field \"group\", got none",
        "\"key_pool\" : \"key_codes\" | \"key_pool\" : \"value_codes\" | segment layer.0.full: packing: key_pool: error[KV6006]: expected a pool of u8 pages, got value_codes",
        "\"scale_pool\" : \"scales\" | \"scale_pool\" : \"tails\" | segment layer.0.full: packing: scale_pool: error[KV6006]: expected a pool of f16 pages, got tails",
        "\"per\" : \"channel\" | \"per\" : \"token\" | segment layer.1.ring: packing: key_pool: error[KV6006]: expected pages of one packing in a pool, got two",
        "\"table_offset\" : 5 | \"table_offset\" : 4 | segment layer.1.sink: table: error[KV6006]: expected elements of its own, got element 4",
        "\"table_offset\" : 6 | \"table_offset\" : 7 | segment layer.1.ring: table: error[KV6006]: expected 3 elements from 7 within its 9",
        "\"slots\" : 4 | \"slots\" : 5 | segment layer.1.sink: table: error[KV6006]: expected elements of its own, got element 5",
        "\"rows\" : \"tokens\" | \"rows\" : \"min(tokens, 64)\" | memory.json: kv_bytes: error[KV6006]: expected 24640, the pages and page tables of all segments, at tokens = 128, got 27712",
        "\"require\" : \"next\" | \"require\" : \"nix\" | procedure prefill, require 5: error[KV6006]: expected a declared buffer, got nix",
        "\"require\" : \"next\" | \"require\" : \"logits\" | require 5: error[KV6006]: expected scratch of i32, got logits of f32",
        "\"require\" : \"next\" | \"require\" : \"page_table\" | require 5: error[KV6006]: expected scratch of i32, got page_table of i32",
        "\"min(span, 1)\" | \"span\" | require 5: elements: error[KV6006]: expected \"span\" in 0..1, got",
        "the next token is not 0; ask for it | | require 5: message: error[KV6006]: expected a text of 1 to 1000 characters on one line",
        "is not 0; ask | is not 0;\\u001b ask | require 5: message: error[KV6006]: expected a text of 1 to 1000 characters on one line",
      })
  void programsThatContradictThemselves(String from, String to, String problem) {
    assertThatThrownBy(() -> checkProgram(from, to == null ? "" : to))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"3 * 3072\" | \"2 * 3072\" | segment layer.1.ring: pool: error[KV6006]: expected room for 3 pages of 3072 elements, got 6144",
        "\"6 * 2048\" | \"5 * 2048\" | segment layer.0.full: packing: error[KV6006]: expected pools of equally many pages, got 5, 6 and 6",
        "\"6 * 1024\" | \"3 * 1024\" | segment layer.0.full: packing: value_pool: error[KV6006]: expected room for 4 pages of 1024 elements, got 3072",
        "\"6 * 256\" | \"7 * 256\" | segment layer.0.full: packing: error[KV6006]: expected pools of equally many pages, got 6, 6 and 7",
        "\"u4\" | \"u8\" | segment layer.0.full: packing: value_pool: error[KV6006]: expected a pool of u4 pages, got value_codes",
        "3072 * floordiv(tokens, 64) | 3072 * ceildiv(tokens, 64) | kv_bytes: error[KV6006]: expected 12352, the pages and page tables of all segments, at tokens = 1, got 15424",
      })
  void memoryThatContradictsItself(String from, String to, String problem) {
    assertThatThrownBy(() -> checkMemory(from, to))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void poolsOfOnePackingAreThree() {
    // Equal formats and row sizes, so that nothing else tells the pools of keys and values apart.
    assertThatThrownBy(
            () -> {
              String program = text(ProgramJson.write(PackedSamplePlan.plan().program()));
              program = program.replace(KEY, VALUE.replace("value", "key"));
              program = program.replace("\"key_dim\" : 32", "\"key_dim\" : 16");
              program = program.replace("\"key_codes\"", "\"value_codes\"");
              String memory = text(MemoryJson.write(PackedSamplePlan.plan().memory()));
              memory = memory.replace("\"3 * 3072\"", "\"3 * 2048\"");
              memory = memory.replace("\"6 * 1024\"", "\"12 * 1024\"");
              memory = memory.replace("\"6 * 256\"", "\"12 * 256\"");
              check(bytes(program), bytes(memory));
            })
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "packing: error[KV6006]: expected three pools, got value_codes twice");
  }

  private static void checkProgram(String from, String to) throws PlanException {
    Plan plan = PackedSamplePlan.plan();
    check(replaced(ProgramJson.write(plan.program()), from, to), MemoryJson.write(plan.memory()));
  }

  private static void checkMemory(String from, String to) throws PlanException {
    Plan plan = PackedSamplePlan.plan();
    check(ProgramJson.write(plan.program()), replaced(MemoryJson.write(plan.memory()), from, to));
  }

  private static void check(byte[] programBytes, byte[] memoryBytes) throws PlanException {
    Plan plan = PackedSamplePlan.plan();
    Program program = ProgramJson.read(programBytes, false);
    MemoryPlan memory = MemoryJson.read(memoryBytes, false);
    PlanChecker.check(new Plan(plan.manifest(), program, memory, plan.files()));
  }

  private static byte[] replaced(byte[] json, String from, String to) {
    String text = text(json);
    int at = text.indexOf(from);
    if (at < 0) {
      throw new AssertionError("nothing to replace: " + from + " in " + text);
    }
    return bytes(text.substring(0, at) + to + text.substring(at + from.length()));
  }

  // Line breaks and indentation become single spaces, so that a case fits on a line.
  private static String text(byte[] json) {
    return new String(json, StandardCharsets.UTF_8).replaceAll("\n *", " ");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
