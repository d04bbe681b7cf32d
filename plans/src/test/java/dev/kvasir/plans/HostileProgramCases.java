package dev.kvasir.plans;

import dev.kvasir.plans.PlanException.Reason;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Plans whose program reaches beyond what it was given. */
final class HostileProgramCases {

  private static final String GRID = "\"ceildiv(tokens, 256)\"";
  private static final String CLOSE = "{ \"name\" : \"close_page\", \"steps\" : [ ] }";

  private final List<HostileCase> cases = new ArrayList<>();

  private HostileProgramCases() {}

  static List<HostileCase> all() {
    HostileProgramCases all = new HostileProgramCases();
    all.addCalls();
    all.addExpressions();
    all.addLaunches();
    all.addKernels();
    all.addSegments();
    return all.cases;
  }

  private void program(String name, String from, String to, String problem) {
    program(name, Reason.MALFORMED, from, to, problem);
  }

  private void program(String name, Reason reason, String from, String to, String problem) {
    cases.add(
        new HostileCase(
            name, reason, problem, () -> HostileCase.json(PlanFormat.PROGRAM, from, to)));
  }

  private void addCalls() {
    program(
        "a procedure that calls itself",
        CLOSE,
        "{ \"name\" : \"close_page\", \"steps\" : [ {\"call\" : \"close_page\"} ] }",
        "expected calls without a cycle");
    program(
        "procedures in a circle",
        CLOSE,
        "{ \"name\" : \"close_page\", \"steps\" : [ {\"call\" : \"again\"} ] }, { \"name\" :"
            + " \"again\", \"steps\" : [ {\"call\" : \"close_page\"} ] }",
        "expected calls without a cycle");
    program(
        "a circle that nothing calls",
        CLOSE,
        CLOSE
            + ", { \"name\" : \"a\", \"steps\" : [ {\"call\" : \"b\"} ] }, { \"name\" : \"b\","
            + " \"steps\" : [ {\"call\" : \"a\"} ] }",
        "expected calls without a cycle");
    program(
        "a rule that calls a circle",
        "\"call\" : \"layers\"",
        "\"call\" : \"prefill\"",
        "expected calls without a cycle");
    program(
        "calls nested too deeply",
        CLOSE,
        chain(20),
        "levels of calls: error[KV6006]: expected 0 to 16");
    program(
        "procedures that double until they never end",
        Reason.TOO_LARGE,
        CLOSE,
        doubling(),
        "expected at most 1048576 steps");
    cases.add(
        new HostileCase(
            "rules that together never end",
            Reason.TOO_LARGE,
            "expected at most 1048576 steps in all rules",
            HostileProgramCases::manyRules));
    program(
        "a rule that calls nothing",
        "\"call\" : \"close_page\"",
        "\"call\" : \"open_page\"",
        "expected a procedure open_page, got none");
    program(
        "a procedure twice",
        "\"name\" : \"close_page\"",
        "\"name\" : \"layers\"",
        "procedure layers: error[KV6006]: expected one of that name, got two");
    program(
        "no step",
        "\"name\" : \"step\"",
        "\"name\" : \"stop\"",
        "expected a procedure step, got none");
    program(
        "a step of another kind",
        "\"launch\" : \"embed\"",
        "\"exec\" : \"embed\"",
        "expected a step with");
  }

  private static String chain(int length) {
    StringBuilder text = new StringBuilder();
    String name = "close_page";
    for (int i = 0; i < length; i++) {
      text.append(
          "{ \"name\" : \"%s\", \"steps\" : [ {\"call\" : \"deep_%d\"} ] }, ".formatted(name, i));
      name = "deep_" + i;
    }
    return text + "{ \"name\" : \"%s\", \"steps\" : [ ] }".formatted(name);
  }

  private static String doubling() {
    StringBuilder text = new StringBuilder("{ \"name\" : \"double_0\", \"steps\" : [ ] }, ");
    for (int i = 1; i < 15; i++) {
      String call = "{\"call\" : \"double_%d\"}".formatted(i - 1);
      text.append(
          "{ \"name\" : \"double_%d\", \"steps\" : [ %s ] }, "
              .formatted(i, String.join(", ", List.of(call, call, call, call))));
    }
    return text + "{ \"name\" : \"close_page\", \"steps\" : [ {\"call\" : \"double_14\"} ] }";
  }

  /** A thousand steps each, a thousand times. */
  private static byte[] manyRules() {
    String observe =
        "{\"observe\" : \"x\", \"buffer\" : \"hidden\", \"rows\" : \"1\", \"heads\" : 1,"
            + " \"columns\" : 1, \"drop_columns\" : false}";
    String observes = String.join(", ", Collections.nCopies(1_100, observe));
    String program =
        HostileCase.text(HostileCase.entries(), PlanFormat.PROGRAM)
            .replaceAll("\n *", " ")
            .replace(CLOSE, "{ \"name\" : \"close_page\", \"steps\" : [ " + observes + " ] }");
    String rules =
        String.join(
            ", ", Collections.nCopies(1_000, "{\"when\" : \"1\", \"call\" : \"close_page\"}"));
    int at = program.indexOf("\"rules\" : [") + "\"rules\" : [".length();
    String changed = program.substring(0, at) + rules + ", " + program.substring(at);
    return HostileCase.rehashed(
        HostileCase.entries(), PlanFormat.PROGRAM, changed.getBytes(StandardCharsets.UTF_8));
  }

  private void addExpressions() {
    program("a grid below 0", GRID, "\"tokens - 2\"", "in 0..2147483647, got -1");
    program(
        "a division by 0 at one length",
        GRID,
        "\"floordiv(tokens, 150 - tokens)\"",
        "division by less than 1");
    program(
        "an overflow at the longest context",
        GRID,
        "\"floordiv(tokens * tokens * tokens * 2000000000000, 1000000000000000000)\"",
        "overflow");
    program("a grid beyond an int", GRID, "\"tokens * 100000000\"", "in 0..2147483647");
    program(
        "a dim beyond an int",
        "\"tokens - min(tokens, 64)\"",
        "\"position * 100000000\"",
        "in -2147483648..2147483647");
    program("an unknown counter", GRID, "\"secrets\"", "no counter secrets here");
    program("an unknown segment", GRID, "\"rows(layer.9)\"", "no segment layer.9");
    program(
        "parentheses without end",
        GRID,
        "\"" + "(".repeat(100) + "\"",
        "expected at most 64 levels");
    program(
        "an expression without end",
        GRID,
        "\"1" + " + 1".repeat(30_000) + "\"",
        "expected at most 65536 characters");
    program("a number beyond 64 bits", GRID, "\"9999999999999999999\"", "error[KV6006]");
    program("another language", GRID, "\"Runtime.exec(1)\"", "error[KV6006]");
    program(
        "a condition without value",
        "\"mod(rows(layer.0.full), 64) == 0\"",
        "\"mod(1, tokens - 1) == 0\"",
        "rule 1: error[KV6006]");
    program(
        "text that steers the terminal in an expression",
        GRID,
        "\"\\u001b]0;owned\\u0007\"",
        "in \"?]0;owned?\"");
  }

  private void addLaunches() {
    program(
        "two sequences",
        "\"grid\" : [ \"1\", \"ceil",
        "\"grid\" : [ \"2\", \"ceil",
        "expected \"2\" in 0..1, got 2");
    cases.add(
        new HostileCase(
            "more points than can be counted",
            Reason.MALFORMED,
            "grid: error[KV6006]: expected \"2147483647 * 2\" in 0..2147483647",
            HostileProgramCases::manyPoints));
    program(
        "an unknown kernel",
        "\"launch\" : \"attend\"",
        "\"launch\" : \"attent\"",
        "expected a declared kernel, got attent");
    program(
        "an unknown buffer",
        "\"hidden\", \"pages\", \"page_table\"",
        "\"hidden\", \"pages\", \"passwords\"",
        "expected a declared buffer, got passwords");
    program(
        "a buffer of another format",
        "\"hidden\", \"pages\", \"page_table\"",
        "\"hidden\", \"page_table\", \"page_table\"",
        "expected f32, got buffer page_table of i32");
    program(
        "too few buffers",
        "\"hidden\", \"pages\", \"page_table\"",
        "\"hidden\", \"pages\"",
        "buffers: error[KV6006]: expected 3 values, got 2");
    program(
        "a kernel that writes weights",
        "\"hidden\", \"final_norm\", \"logits\"",
        "\"hidden\", \"logits\", \"final_norm\"",
        "expected a buffer that may be written, got final_norm");
    program(
        "a kernel that writes page tables",
        "\"name\" : \"table\", \"format\" : \"i32\", \"written\" : false",
        "\"name\" : \"table\", \"format\" : \"i32\", \"written\" : true",
        "expected a buffer that may be written, got page table page_table");
    program(
        "a view of more rows than a buffer has",
        "\"rows\" : \"span\"",
        "\"rows\" : \"tokens\"",
        "observe 3: rows: error[KV6006]: expected \"tokens\" in 0..128");
    program(
        "a view of more columns than a buffer has",
        "\"heads\" : 2, \"columns\" : 4",
        "\"heads\" : 2, \"columns\" : 5",
        "observe 3: rows");
    program(
        "a label that steers the terminal",
        "\"label\" : \"attend\"",
        "\"label\" : \"\\u001b[31m\"",
        "launch: label: error[KV6006]: expected printable text");
  }

  private static byte[] manyPoints() {
    String program =
        HostileCase.text(HostileCase.entries(), PlanFormat.PROGRAM)
            .replaceAll("\n *", " ")
            .replaceFirst("\"axes\" : 2", "\"axes\" : 3")
            .replaceFirst("\"grid\" : \\[ 1, 1 ]", "\"grid\" : [ 1, 1, 1 ]")
            .replace("[ \"1\", \"span\" ]", "[ \"1\", \"2147483647\", \"2\" ]");
    return HostileCase.rehashed(
        HostileCase.entries(), PlanFormat.PROGRAM, program.getBytes(StandardCharsets.UTF_8));
  }

  private void addKernels() {
    program(
        "a kernel with the name of shared phases",
        "\"name\" : \"attend\"",
        "\"name\" : \"shared_phases\"",
        "expected another name than that of the phases");
    program(
        "a kernel whose name leads elsewhere",
        "\"name\" : \"embed\"",
        "\"name\" : \"../embed\"",
        "kernel ../embed: error[KV6006]");
    program(
        "a kernel twice",
        "\"name\" : \"embed\"",
        "\"name\" : \"predict\"",
        "kernel predict: error[KV6006]: expected one of that name, got two");
    program(
        "four axes", "\"axes\" : 2", "\"axes\" : 4", "axes: error[KV6006]: expected 1 to 3, got 4");
    program(
        "working storage below 0",
        "\"tile_floats\" : 64",
        "\"tile_floats\" : -1",
        "expected 0 to 16777216, got -1");
    program(
        "working storage without end",
        "\"tile_floats\" : 64",
        "\"tile_floats\" : 2147483647",
        "expected 0 to 16777216, got 2147483647");
    program(
        "a check of too many points",
        "\"grid\" : [ 1, 1 ]",
        "\"grid\" : [ 65536, 65536 ]",
        "check: grid: error[KV6006]: expected 1 to 16777216, got 4294967296");
    program(
        "a check of too much memory",
        "\"elements\" : [ 2, 2, 2 ]",
        "\"elements\" : [ 16777216, 16777216, 16777217 ]",
        "check: elements: error[KV6006]");
  }

  private void addSegments() {
    program(
        "rows that depend on themselves",
        "\"rows\" : \"min(tokens, 64)\"",
        "\"rows\" : \"rows(layer.1.ring)\"",
        "depend on themselves");
    program(
        "rows below 0",
        "\"rows\" : \"min(tokens, 64)\"",
        "\"rows\" : \"min(tokens, 64) - 1\"",
        "segment layer.1.sink: rows");
    program(
        "rows beyond an int",
        "\"rows\" : \"min(tokens, 64)\"",
        "\"rows\" : \"tokens * 100000000000\"",
        "segment layer.1.sink: rows: error[KV6006]: expected");
    program(
        "rows that shrink",
        "\"rows\" : \"min(tokens, 64)\"",
        "\"rows\" : \"min(tokens, 64) * (tokens < 100)\"",
        "segment layer.1.sink: rows at tokens = 100");
    program(
        "page tables that overlap",
        "\"table_offset\" : 4",
        "\"table_offset\" : 3",
        "segment layer.1.sink: table");
    program(
        "a page table beyond its buffer",
        "\"table_offset\" : 5",
        "\"table_offset\" : 6",
        "segment layer.1.ring: table");
    program(
        "a page table before its buffer",
        "\"table_offset\" : 4",
        "\"table_offset\" : -4",
        "segment layer.1.sink: table");
    program("no slots", "\"slots\" : 4", "\"slots\" : 0", "slots: error[KV6006]");
    program("slots without end", "\"slots\" : 4", "\"slots\" : 2147483647", "slots: error[KV6006]");
    program(
        "a head that the model lacks",
        "\"heads\" : [ 0 ]",
        "\"heads\" : [ 7 ]",
        "segment layer.0.full: heads");
    program(
        "a layer that the model lacks",
        "\"layer\" : 1,",
        "\"layer\" : 9,",
        "layer: error[KV6006]: expected 0 to 1, got 9");
    program(
        "pages in working storage",
        "\"pool\" : \"pages\"",
        "\"pool\" : \"hidden\"",
        "expected a pool");
    program(
        "a page table in working storage",
        "\"table\" : \"page_table\"",
        "\"table\" : \"tokens\"",
        "expected a page table, got tokens");
  }
}
