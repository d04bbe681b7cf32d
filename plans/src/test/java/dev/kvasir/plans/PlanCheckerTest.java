package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.testing.SamplePlan;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each case changes one thing in the sample plan's JSON and names the refusal. */
class PlanCheckerTest {

  @Test
  void theSampleIsAccepted() throws PlanException {
    PlanChecker.check(SamplePlan.plan());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"launch\" : \"attend\" | \"launch\" : \"attent\" | procedure layers, launch 1: error[KV6006]: expected a declared kernel, got attent",
        "\"hidden\", \"pages\", \"page_table\" | \"hiden\", \"pages\", \"page_table\" | procedure layers, launch 1, argument hidden: error[KV6006]: expected a declared buffer, got hiden",
        "\"hidden\", \"pages\", \"page_table\" | \"hidden\", \"pages\" | launch 1: buffers: error[KV6006]: expected 3 values, got 2",
        "\"hidden\", \"pages\", \"page_table\" | \"hidden\", \"pages\", \"pages\" | launch 1, argument table: error[KV6006]: expected i32, got buffer pages of f32",
        "\"hidden\", \"final_norm\", \"logits\" | \"hidden\", \"logits\", \"final_norm\" | launch 4, argument logits: error[KV6006]: expected a buffer that may be written, got final_norm",
        "\"call\" : \"layers\" | \"call\" : \"layer\" | procedure prefill, call 2: error[KV6006]: expected a procedure layer, got none",
        "\"call\" : \"close_page\" | \"call\" : \"open_page\" | program.json: rule 1: error[KV6006]: expected a procedure open_page",
        "\"name\" : \"prefill\" | \"name\" : \"prefil\" | program.json: error[KV6006]: expected a procedure prefill, got none",
        "\"name\" : \"prefill\" | \"name\" : \"layers\" | program.json: procedure layers: error[KV6006]: expected one of that name, got two",
        "\"name\" : \"layers\", \"steps\" : [ | \"name\" : \"layers\", \"steps\" : [ { \"call\" : \"prefill\" }, | expected calls without a cycle, got one of prefill",
        "\"span\" ], | \"0 - span\" ], | procedure prefill, launch 1: grid: error[KV6006]: expected \"0 - span\" in 0..2147483647, got -1 at tokens = 1",
        "\"span\" ], | \"span\", \"1\" ], | launch 1: grid: error[KV6006]: expected 2 values, got 3",
        "\"ceildiv(tokens, 256)\" | \"floordiv(tokens, 150 - tokens)\" | floordiv of 150 and 0: division by less than 1",
        "\"ceildiv(tokens, 256)\" | \"tokens * tokens * tokens * 1000\" | in 0..2147483647, got",
        "\"ceildiv(tokens, 256)\" | \"slots\" | no counter slots here",
        "\"ceildiv(tokens, 256)\" | \"rows(layer.9)\" | no segment layer.9",
        "\"ceildiv(tokens, 256)\" | \"ceildiv(tokens\" | program.json: procedures[2]: steps[0]: grid[1]: error[KV6006]: in \"ceildiv(tokens\", column 15: expected \",\", got the end",
        "\"tokens - min(tokens, 64)\" | \"position * 100000000\" | launch 1: dims: error[KV6006]: expected \"position * 100000000\" in -2147483648..2147483647",
        "\"rows\" : \"span\" | \"rows\" : \"tokens\" | procedure prefill, observe 3: rows: error[KV6006]: expected \"tokens\" in 0..128, got",
        "\"buffer\" : \"hidden\" | \"buffer\" : \"next\" | observe 3: error[KV6006]: expected a buffer of f32, got next of i32",
        "\"drop_columns\" : false | \"drop_columns\" : true | observe 3: columns: error[KV6006]: expected 1 to 1, got 4",
        "\"rows\" : \"min(tokens, 64)\" | \"rows\" : \"rows(layer.1.ring)\" | depend on themselves",
        "\"rows\" : \"min(tokens, 64)\" | \"rows\" : \"min(position, 64)\" | segment layer.1.sink: rows: error[KV6006]: in \"min(position, 64)\": no counter position here",
        "\"rows\" : \"min(tokens, 64)\" | \"rows\" : \"min(tokens, 64) * (tokens < 100)\" | segment layer.1.sink: rows at tokens = 100: error[KV6006]: expected 64 to 2147483647, got 0",
        "\"rows\" : \"min(tokens, 64)\" | \"rows\" : \"tokens\" | memory.json: kv_bytes: error[KV6006]: expected 12316, the pages and page tables of all segments, at tokens = 65, got 16412",
        "\"layer\" : 1, | \"layer\" : 2, | segment layer.1.sink: layer: error[KV6006]: expected 0 to 1, got 2",
        "\"heads\" : [ 0 ] | \"heads\" : [ 1 ] | segment layer.0.full: heads: error[KV6006]: expected 0 to 0, got 1",
        "\"heads\" : [ 0 ] | \"heads\" : [ ] | segment layer.0.full: heads: error[KV6006]: expected at least one, got none",
        "\"table_offset\" : 4 | \"table_offset\" : 3 | segment layer.1.sink: table: error[KV6006]: expected elements of its own, got element 3",
        "\"table_offset\" : 5 | \"table_offset\" : 6 | segment layer.1.ring: table: error[KV6006]: expected 2 elements from 6 within its 7",
        "\"pool\" : \"pages\" | \"pool\" : \"hidden\" | segment layer.0.full: pool: error[KV6006]: expected a pool of f32 pages, got hidden",
        "\"table\" : \"page_table\" | \"table\" : \"tokens\" | segment layer.0.full: table: error[KV6006]: expected a page table, got tokens",
        "\"value_dim\" : 8, \"pool\" : \"pages\", \"table\" : \"page_table\", \"table_offset\" : 4 | \"value_dim\" : 4, \"pool\" : \"pages\", \"table\" : \"page_table\", \"table_offset\" : 4 | expected pages of one size in a pool, got two",
        "\"axes\" : 2 | \"axes\" : 4 | kernel embed: axes: error[KV6006]: expected 1 to 3, got 4",
        "\"tile_floats\" : 64 | \"tile_floats\" : -1 | kernel embed: tile_floats: error[KV6006]: expected 0 to 16777216, got -1",
        "\"grid\" : [ 1, 1 ] | \"grid\" : [ 1 ] | kernel embed: check: grid: error[KV6006]: expected 2 values, got 1",
        "\"name\" : \"embed\" | \"name\" : \"../embed\" | kernel ../embed: error[KV6006]: expected a name of at most 200 letters",
        "\"name\" : \"embed\" | \"name\" : \"predict\" | program.json: kernel predict: error[KV6006]: expected one of that name, got two",
        "\"name\" : \"rows\" | \"name\" : \"tokens\" | kernel embed, argument tokens: error[KV6006]: expected one of that name, got two",
        "\"when\" : \"mod(rows(layer.0.full), 64) == 0\" | \"when\" : \"mod(1, tokens - 1) == 0\" | rule 1: error[KV6006]: in",
        "\"launch\" : \"embed\" | \"start\" : \"embed\" | program.json: procedures[0]: steps[0]: error[KV6006]: expected a step with",
        "\"format\" : \"bf16\" | \"format\" : \"bf17\" | kernels[0]: arguments[1]: format: error[KV6006]: expected an element format, got \"bf17\"",
      })
  void programsThatContradictThemselves(String from, String to, String problem) {
    assertThatThrownBy(() -> checkProgram(from, to))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "floordiv(tokens, 201 - tokens)",
        "tokens - position - span",
        "context - tokens",
        "floordiv(tokens, max(1, position - 10)) * (position >= 11)",
      })
  void expressionsThatStayInRangeForEverySpanAreAccepted(String grid) throws PlanException {
    checkProgram("\"ceildiv(tokens, 256)\"", '"' + grid + '"');
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"name\" : \"logits\" | \"name\" : \"logit\" | memory.json: error[KV6006]: expected a declared buffer, got logits",
        "\"elements\" : \"32\" | \"elements\" : \"31\" | buffer logits: error[KV6006]: expected scratch of at least 32 elements of f32, got 31 of f32",
        "\"elements\" : \"max_span\" | \"elements\" : \"max_span - 1\" | buffer tokens: error[KV6006]: expected scratch of at least 128 elements of i32, got 127",
        "\"elements\" : \"max_span\" | \"elements\" : \"tokens\" | buffer tokens: elements: error[KV6006]: in \"tokens\": no counter tokens here; there are context, max_span",
        "\"elements\" : \"max_span * 8\" | \"elements\" : \"0\" | buffer hidden: elements: error[KV6006]: expected 1 to 2147483647, got 0",
        "\"elements\" : \"max_span * 8\" | \"elements\" : \"max_span * 9000000000\" | buffer hidden: elements: error[KV6006]: expected 1 to 2147483647",
        "\"elements\" : \"max_span * 8\" | \"elements\" : \"max_span * 8 + 1\" | buffer hidden: error[KV6006]: expected bytes of its own from use 0 to 2, got some of buffer next",
        "\"offset\" : 4608 | \"offset\" : 4609 | buffer next: offset: error[KV6006]: expected a multiple of 64, got 4609",
        "\"offset\" : 4608 | \"offset\" : 4672 | buffer next: error[KV6006]: expected its 4 bytes at 4672 within the slab's 4672",
        "\"offset\" : 4608 | \"offset\" : -64 | buffer next: offset: error[KV6006]: expected a multiple of 64, got -64",
        "\"offset\" : 4608 | \"offset\" : 9223372036854775744 | expected its 4 bytes at 9223372036854775744 within",
        "\"offset\" : 4608 | \"offset\" : 64 | buffer logits: error[KV6006]: expected bytes of its own from use 2 to 3, got some of buffer next",
        "\"offset\" : 512 | \"offset\" : 448 | buffer tokens: error[KV6006]: expected bytes of its own from use 0 to 0, got some of buffer hidden",
        "\"last_use\" : 2, | \"last_use\" : -2, | buffer hidden: first_use: error[KV6006]: expected 0 to -2, got 0",
        "\"kind\" : \"pool\" | \"kind\" : \"heap\" | buffers[2]: error[KV6006]: expected a kind of buffer",
        "\"kind\" : \"weight\" | \"kind\" : \"pool\" | buffer embedding: tensor: error[KV6006]: expected none, got a tensor",
        "\"tensor\" : \"embed.weight\" | \"tensor\" : \"\" | buffer embedding: tensor: error[KV6006]: expected the name of a tensor, got none",
        "\"tensor\" : \"norm.folded\" | \"tensor\" : \"norm.fold\" | buffer final_norm: error[KV6006]: expected a tensor norm.fold of 8 elements of F32 in weights.safetensors",
        "\"name\" : \"next\" | \"name\" : \"logits\" | memory.json: buffer logits: error[KV6006]: expected one of that name, got two",
        "\"elements\" : \"7 * 1024\" | \"elements\" : \"7 * 1024 - 1\" | segment layer.1.ring: pool: error[KV6006]: expected room for 7 pages of 1024 elements, got 7167",
        "4), 2) + 28\" | 4), 2) + 27\" | memory.json: kv_bytes: error[KV6006]: expected 28, the pages and page tables of all segments, at tokens = 0, got 27",
        "\"512 + max_span * 32 + 64\" | \"0 - 1\" | memory.json: scratch_bytes: error[KV6006]: expected 0 to 1099511627776, got -1",
      })
  void memoryThatContradictsItself(String from, String to, String problem) {
    assertThatThrownBy(() -> checkMemory(from, to))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void scratchUsedInTurnsIsRefusedWhateverItsDeclarationSays() {
    // The tokens share bytes with the logits; here a launch after them reads the tokens again.
    Program program = SamplePlan.program();
    List<Program.Procedure> procedures = new ArrayList<>(program.procedures());
    List<Program.Step> steps = new ArrayList<>(procedures.get(0).steps());
    steps.add(steps.getFirst());
    procedures.set(0, new Program.Procedure(Program.PREFILL, steps));
    Plan plan =
        new Plan(
            SamplePlan.manifest(),
            new Program(
                program.kernels(),
                program.segments(),
                procedures,
                program.rules(),
                program.marks()),
            SamplePlan.memory(),
            SamplePlan.files());
    assertThatThrownBy(() -> PlanChecker.check(plan))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            "program.json: procedure prefill: error[KV6006]: expected buffers logits and tokens");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kernels/jvm/512/predict.class | kernels/jvm/512/predict.class: error[KV6006]: expected the entry",
        "checks.safetensors | checks.safetensors: error[KV6006]: expected the entry, got none",
        "weights.safetensors | weights.safetensors: error[KV6006]: expected the entry for derived tensors",
      })
  void entriesThatMustBeThere(String name, String problem) {
    Map<String, byte[]> files = SamplePlan.files();
    assertThat(files.remove(name)).isNotNull();
    assertThatThrownBy(() -> PlanChecker.check(withFiles(files))).hasMessageContaining(problem);
    if (name.endsWith(".safetensors")) {
      files.put(name, "damaged".getBytes(StandardCharsets.UTF_8));
      assertThatThrownBy(() -> PlanChecker.check(withFiles(files)))
          .isInstanceOf(PlanException.class)
          .hasMessageContaining(name + ": error[KV6006]: expected at least 8 bytes");
    }
  }

  private static Plan withFiles(Map<String, byte[]> files) {
    return new Plan(SamplePlan.manifest(), SamplePlan.program(), SamplePlan.memory(), files);
  }

  private static void checkProgram(String from, String to) throws PlanException {
    Plan plan = SamplePlan.plan();
    Program program = ProgramJson.read(replace(ProgramJson.write(plan.program()), from, to), false);
    PlanChecker.check(new Plan(plan.manifest(), program, plan.memory(), plan.files()));
  }

  private static void checkMemory(String from, String to) throws PlanException {
    Plan plan = SamplePlan.plan();
    MemoryPlan memory = MemoryJson.read(replace(MemoryJson.write(plan.memory()), from, to), false);
    PlanChecker.check(new Plan(plan.manifest(), plan.program(), memory, plan.files()));
  }

  // Line breaks and indentation become single spaces, so that a case fits on a line.
  private static byte[] replace(byte[] json, String from, String to) {
    String text = new String(json, StandardCharsets.UTF_8).replaceAll("\n *", " ");
    int at = text.indexOf(from);
    if (at < 0) {
      throw new AssertionError("nothing to replace: " + from + " in " + text);
    }
    String changed = text.substring(0, at) + to + text.substring(at + from.length());
    return changed.getBytes(StandardCharsets.UTF_8);
  }
}
