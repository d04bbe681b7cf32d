package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.RangeProof.Domain;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.Range;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.testing.SamplePlan;
import dev.kvasir.plans.verify.KernelClassVerifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Small plans that would keep a reader busy, or fill its heap, are refused before they do. */
class PlanLimitsTest {

  private static void check(Program program, MemoryPlan memory) throws PlanException {
    PlanChecker.check(new Plan(SamplePlan.manifest(), program, memory, SamplePlan.files()));
  }

  private static Program withProcedures(List<Procedure> more) {
    Program program = SamplePlan.program();
    List<Procedure> procedures = new ArrayList<>(program.procedures());
    procedures.addAll(more);
    return new Program(
        program.kernels(), program.segments(), procedures, program.rules(), program.marks());
  }

  /** Each by itself is short enough; together they are not. */
  @Test
  void proceduresThatDoubleAreCountedTogether() {
    List<Procedure> procedures = new ArrayList<>();
    procedures.add(new Procedure("double_0", List.of()));
    for (int i = 1; i <= 12; i++) {
      Step call = new Step.Call("double_" + (i - 1));
      procedures.add(new Procedure("double_" + i, List.of(call, call)));
    }
    for (int i = 0; i < 200; i++) {
      procedures.add(new Procedure("caller_" + i, List.of(new Step.Call("double_12"))));
    }
    assertThatThrownBy(() -> check(withProcedures(procedures), SamplePlan.memory()))
        .isInstanceOfSatisfying(
            PlanException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.TOO_LARGE);
              assertThat(e.problem())
                  .isEqualTo(
                      "expected at most 1048576 steps and buffers in all procedures with all they"
                          + " call");
            });
  }

  @Test
  void formulasOfManySegmentsAreCountedTogether() {
    Program program = SamplePlan.program();
    SegmentDeclaration first = program.segments().getFirst();
    String zeros = " + 0 * tokens".repeat(200);
    List<SegmentDeclaration> segments = new ArrayList<>();
    List<BufferDeclaration> buffers = new ArrayList<>(SamplePlan.memory().buffers());
    buffers.replaceAll(
        buffer ->
            switch (buffer.kind()) {
              case POOL, TABLE, STATE -> withElements(buffer, "2000000000");
              case WEIGHT, DERIVED, SCRATCH -> buffer;
            });
    for (int i = 0; i < 2_000; i++) {
      segments.add(
          new SegmentDeclaration(
              "segment." + i,
              first.layer(),
              first.heads(),
              first.format(),
              first.keyDim(),
              first.valueDim(),
              first.pool(),
              first.table(),
              i * first.heads().size() * first.slots(),
              first.slots(),
              Expression.parse("tokens + %d - %d".formatted(i, i) + zeros),
              first.firstPosition(),
              0,
              first.packing(),
              first.chosen()));
    }
    MemoryPlan memory = SamplePlan.memory();
    assertThatThrownBy(
            () ->
                check(
                    new Program(
                        program.kernels(), segments, program.procedures(), List.of(), List.of()),
                    new MemoryPlan(buffers, memory.kvBytes(), memory.scratchBytes())))
        .isInstanceOfSatisfying(
            PlanException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.TOO_LARGE);
              assertThat(e.problem()).contains("operations in all formulas of rows and bytes");
            });
  }

  private static BufferDeclaration withElements(BufferDeclaration buffer, String elements) {
    return new BufferDeclaration(
        buffer.name(),
        buffer.kind(),
        buffer.format(),
        Expression.parse(elements),
        buffer.firstUse(),
        buffer.lastUse(),
        buffer.offset(),
        buffer.tensor());
  }

  /** A long expression costs as many steps as it has operations. */
  @Test
  void longExpressionsUseUpAProofSooner() {
    Domain domain = new Domain(1 << 16, 1 << 16, new Range(1, 1 << 16));
    String difference = "mod(position * 7919, 64) - mod(position * 7919, 64)";
    Range zero = new Range(0, 0);
    CompiledExpression once = compile(difference);
    CompiledExpression often = compile(difference + (" + (" + difference + ")").repeat(30));
    Domain aRow = new Domain(1 << 16, 1, Range.of(1));
    assertThat(new RangeProof().refute(once, aRow, zero)).isEmpty();
    assertThat(new RangeProof().refute(often, aRow, zero))
        .hasValueSatisfying(why -> assertThat(why).contains("can be shown to lie in"));
    assertThat(new RangeProof().refute(often, domain, zero)).isPresent();
  }

  @Test
  void aRangeThatIsNotExplainedIsTheSame() {
    Map<String, Range> counters = new HashMap<>();
    CounterIndex.PROGRAM_COUNTERS.forEach(name -> counters.put(name, new Range(1, 5)));
    CompiledExpression some = compile("tokens * 3 - span");
    assertThat(some.findRange(counters)).hasValue(some.evaluateRange(counters));
    CompiledExpression none = compile("tokens + 9223372036854775807");
    assertThat(none.findRange(counters)).isEmpty();
    assertThatThrownBy(() -> none.evaluateRange(counters)).isInstanceOf(ExpressionException.class);
  }

  private static CompiledExpression compile(String text) {
    return Expression.parse(text)
        .compile(CounterIndex.of(CounterIndex.PROGRAM_COUNTERS, List.of()));
  }

  /** A byte of code becomes an object of about fifty bytes. */
  @Test
  void classesOfManyBytesAreRefused() {
    SortedMap<String, byte[]> kernels = new TreeMap<>(Map.of("large", new byte[(2 << 20) + 1]));
    assertThatThrownBy(() -> KernelClassVerifier.verify(128, kernels))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining("expected at most 2097152 bytes of classes");
  }

  /** Empty lists take two bytes of a file, and fifty of a heap. */
  @Test
  void jsonOfManyTokensIsRefused() {
    byte[] json = ("[" + "[],".repeat(600_000) + "0]").getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> JsonFields.parse("program.json", json, false))
        .isInstanceOfSatisfying(
            PlanException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.MALFORMED);
              assertThat(e.problem()).contains("Token count");
            });
  }
}
