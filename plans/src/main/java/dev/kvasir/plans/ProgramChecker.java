package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;
import static dev.kvasir.plans.PlanChecker.requireRange;
import static dev.kvasir.plans.PlanChecker.requireTiles;
import static dev.kvasir.plans.PlanChecker.requireUnique;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.RangeProof.Domain;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.Range;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Checks {@code program.json}: names, calls, and every expression over its whole range. */
final class ProgramChecker {

  private static final Pattern KERNEL_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,199}");
  private static final Pattern MESSAGE = Pattern.compile("\\P{Cntrl}{1,1000}");
  private static final int MAX_TILE = 1 << 24;
  private static final int MAX_AXES = 3;
  private static final int MAX_CALLS = 16;
  private static final int MAX_ARGUMENTS = 256;
  private static final int MAX_CHECK_ELEMENTS = 1 << 26;
  private static final int MAX_RULE_STEPS = 1 << 20;
  private static final Range SEQUENCES = new Range(0, 1);
  private static final Range EXTENT = new Range(0, Integer.MAX_VALUE);
  private static final Range COUNT = new Range(0, Long.MAX_VALUE);
  private static final Range DIM = new Range(Integer.MIN_VALUE, Integer.MAX_VALUE);
  private static final Range ANY = new Range(Long.MIN_VALUE, Long.MAX_VALUE);

  private final Plan plan;
  private final Program program;
  private final MemoryChecker memory;
  private final MarkChecker marks;
  private final RangeProof proof = new RangeProof();
  private final Map<String, KernelDeclaration> kernels = new HashMap<>();
  private final Map<String, Procedure> procedures = new HashMap<>();
  private final Map<Expression, CompiledExpression> compiled = new HashMap<>();
  private CounterIndex counters = CounterIndex.ofSession();

  private record Visited(String procedure, Domain domain) {}

  ProgramChecker(Plan plan, MemoryChecker memory, MarkChecker marks) {
    this.plan = plan;
    this.marks = marks;
    this.program = plan.program();
    this.memory = memory;
  }

  void check() throws PlanException {
    String place = PlanFormat.PROGRAM;
    requireUnique(
        place + ": kernel", program.kernels().stream().map(KernelDeclaration::name).toList());
    requireUnique(
        place + ": segment", program.segments().stream().map(SegmentDeclaration::name).toList());
    requireUnique(
        place + ": procedure", program.procedures().stream().map(Procedure::name).toList());
    marks.check();
    new SettingChecker(plan).check();
    counters = CounterIndex.ofProgram(program);
    for (KernelDeclaration kernel : program.kernels()) {
      checkKernel(kernel);
      kernels.put(kernel.name(), kernel);
    }
    program.procedures().forEach(procedure -> procedures.put(procedure.name(), procedure));
    Domain anySpan = marks.running(new Range(1, plan.manifest().span()));
    checkSegments(marks.stepped());
    Set<Visited> visited = new HashSet<>();
    checkCall(place, Program.PREFILL, anySpan, visited, new ArrayDeque<>());
    checkCall(place, Program.STEP, marks.running(Range.of(1)), visited, new ArrayDeque<>());
    for (int i = 0; i < program.rules().size(); i++) {
      Rule rule = program.rules().get(i);
      String rulePlace = "%s: rule %d".formatted(place, i + 1);
      for (Domain domain : marks.afterwards()) {
        checkRange(rulePlace, rule.condition(), domain, ANY);
      }
      for (Domain domain : marks.running(rule)) {
        checkCall(rulePlace, rule.procedure(), domain, visited, new ArrayDeque<>());
      }
    }
    checkRuleSteps();
    Set<String> called = visited.stream().map(Visited::procedure).collect(Collectors.toSet());
    for (Procedure procedure : program.procedures()) {
      // What nothing calls is checked as well, so that its errors do not hide.
      if (!called.contains(procedure.name())) {
        checkCall(place, procedure.name(), anySpan, visited, new ArrayDeque<>());
      }
    }
    new ScratchChecker(plan, memory, procedures).check();
  }

  /** The runtime takes and gives back pages by these values, at any number of tokens. */
  private void checkSegments(Domain domain) throws PlanException {
    for (SegmentDeclaration segment : program.segments()) {
      String place = "%s: segment %s: ".formatted(PlanFormat.PROGRAM, segment.name());
      checkRange(place + "rows", segment.rows(), domain, EXTENT);
      checkRange(place + "first_position", segment.firstPosition(), domain, EXTENT);
    }
    checkRange(PlanFormat.MEMORY + ": kv_bytes", plan.memory().kvBytes(), domain, COUNT);
  }

  /** Rules run after every token: all of them together are bounded as a procedure is. */
  private void checkRuleSteps() throws PlanException {
    Map<String, Long> known = new HashMap<>();
    long steps = 0;
    for (Rule rule : program.rules()) {
      steps += 1 + steps(rule.procedure(), known);
      if (steps > MAX_RULE_STEPS) {
        throw new PlanException(
            Reason.TOO_LARGE,
            PlanFormat.PROGRAM + ": rules",
            "expected at most %d steps in all rules".formatted(MAX_RULE_STEPS));
      }
    }
  }

  /** {@return the steps of a checked procedure with all that it calls} */
  private long steps(String name, Map<String, Long> known) {
    Long counted = known.get(name);
    if (counted != null) {
      return counted;
    }
    long steps = 0;
    for (Step step : Objects.requireNonNull(procedures.get(name)).steps()) {
      long inner = step instanceof Step.Call call ? steps(call.procedure(), known) : 0;
      steps = Math.min(MAX_RULE_STEPS + 1L, steps + 1 + inner);
    }
    known.put(name, steps);
    return steps;
  }

  private void checkKernel(KernelDeclaration kernel) throws PlanException {
    String place = PlanFormat.PROGRAM + ": kernel " + kernel.name();
    require(
        KERNEL_NAME.matcher(kernel.name()).matches(),
        place,
        "expected a name of at most 200 letters, digits and \"_\"");
    require(
        !kernel.name().equals(JvmKernelAbi.SHARED),
        place,
        "expected another name than that of the phases that kernels share");
    requireRange(place + ": arguments", kernel.arguments().size(), 0, MAX_ARGUMENTS);
    requireRange(place + ": dims", kernel.dims().size(), 0, MAX_TILE);
    requireUnique(place + ", argument", kernel.arguments().stream().map(Argument::name).toList());
    requireUnique(place + ", dim", kernel.dims());
    for (Argument argument : kernel.arguments()) {
      require(
          argument.read() || argument.written(),
          place + ", argument " + argument.name(),
          "expected it read or written, got neither");
    }
    requireRange(place + ": axes", kernel.axes(), 1, MAX_AXES);
    requireRange(place + ": tile_floats", kernel.tileFloats(), 0, MAX_TILE);
    requireRange(place + ": tile_ints", kernel.tileInts(), 0, MAX_TILE);
    requireTiles(place + ": tiles", kernel.tiles());
    KernelDeclaration.Check check = kernel.check();
    requireCount(place + ": check: grid", check.grid(), kernel.axes());
    requireCount(place + ": check: dims", check.dims(), kernel.dims().size());
    requireCount(place + ": check: elements", check.elements(), kernel.arguments().size());
    long points = 1;
    for (int extent : check.grid()) {
      requireRange(place + ": check: grid", extent, 1, MAX_TILE);
      points *= extent;
      requireRange(place + ": check: grid", points, 1, MAX_TILE);
    }
    long dimValues = (long) check.grid().getFirst() * Math.max(1, check.dims().size());
    requireRange(place + ": check: dims of all sequences", dimValues, 1, MAX_TILE);
    long elements = 0;
    for (int count : check.elements()) {
      requireRange(place + ": check: elements", count, 1, MAX_TILE);
      elements += count;
    }
    requireRange(place + ": check: all elements", elements, 0, MAX_CHECK_ELEMENTS);
  }

  private void checkCall(
      String place, String name, Domain domain, Set<Visited> visited, Deque<String> callers)
      throws PlanException {
    Procedure procedure = procedures.get(name);
    if (procedure == null) {
      throw new PlanException(
          Reason.MALFORMED, place, "expected a procedure %s, got none".formatted(name));
    }
    require(!callers.contains(name), place, "expected calls without a cycle, got one of " + name);
    requireRange(place + ": levels of calls", callers.size(), 0, MAX_CALLS);
    if (!visited.add(new Visited(name, domain))) {
      return;
    }
    callers.push(name);
    for (int i = 0; i < procedure.steps().size(); i++) {
      String at = "%s: procedure %s, ".formatted(PlanFormat.PROGRAM, name);
      switch (procedure.steps().get(i)) {
        case Step.Launch launch -> checkLaunch(at + "launch " + (i + 1), launch, domain);
        case Step.Observe observe -> checkObserve(at + "observe " + (i + 1), observe, domain);
        case Step.Require require -> checkRequire(at + "require " + (i + 1), require, domain);
        // Checked with all marks.
        case Step.SetMark _ -> {}
        case Step.Call call ->
            checkCall(at + "call " + (i + 1), call.procedure(), domain, visited, callers);
      }
    }
    callers.pop();
  }

  private void checkLaunch(String place, Step.Launch launch, Domain domain) throws PlanException {
    KernelDeclaration kernel = kernels.get(launch.kernel());
    if (kernel == null) {
      throw new PlanException(
          Reason.MALFORMED, place, "expected a declared kernel, got " + launch.kernel());
    }
    requireCount(place + ": grid", launch.grid(), kernel.axes());
    requireCount(place + ": buffers", launch.buffers(), kernel.arguments().size());
    requireCount(place + ": dims", launch.dims(), kernel.dims().size());
    for (int i = 0; i < launch.buffers().size(); i++) {
      Argument argument = kernel.arguments().get(i);
      String argumentPlace = "%s, argument %s".formatted(place, argument.name());
      BufferDeclaration buffer = memory.buffer(argumentPlace, launch.buffers().get(i));
      require(
          buffer.format() == argument.format(),
          argumentPlace,
          "expected %s, got buffer %s of %s"
              .formatted(argument.format().text(), buffer.name(), buffer.format().text()));
      boolean readOnly = buffer.kind() == Kind.WEIGHT || buffer.kind() == Kind.DERIVED;
      require(
          !(argument.written() && readOnly),
          argumentPlace,
          "expected a buffer that may be written, got " + buffer.name());
      // The runtime gives pages back by what their table says.
      require(
          !(argument.written() && buffer.kind() == Kind.TABLE),
          argumentPlace,
          "expected a buffer that may be written, got page table " + buffer.name());
    }
    checkRange(place + ": grid", launch.grid().getFirst(), domain, SEQUENCES);
    for (Expression extent : launch.grid()) {
      checkRange(place + ": grid", extent, domain, EXTENT);
    }
    if (launch.grid().size() == MAX_AXES) {
      checkRange(place + ": grid", points(place, launch), domain, EXTENT);
    }
    for (Expression dim : launch.dims()) {
      checkRange(place + ": dims", dim, domain, DIM);
    }
  }

  /** {@return the grid points of one sequence} */
  private static Expression points(String place, Step.Launch launch) throws PlanException {
    try {
      return launch.grid().get(1).times(launch.grid().get(2));
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place + ": grid", e.getMessage(), e);
    }
  }

  private void checkObserve(String place, Step.Observe observe, Domain domain)
      throws PlanException {
    BufferDeclaration buffer = memory.buffer(place, observe.buffer());
    require(
        buffer.format() == StorageFormat.F32,
        place,
        "expected a buffer of f32, got %s of %s".formatted(buffer.name(), buffer.format().text()));
    requireRange(place + ": heads", observe.heads(), 1, MAX_TILE);
    requireRange(place + ": columns", observe.columns(), 1, observe.dropColumns() ? 1 : MAX_TILE);
    long rowElements = (long) observe.heads() * observe.columns();
    checkRange(
        place + ": rows",
        observe.rows(),
        domain,
        new Range(0, memory.elements(buffer) / rowElements));
  }

  private void checkRequire(String place, Step.Require require, Domain domain)
      throws PlanException {
    BufferDeclaration buffer = memory.buffer(place, require.buffer());
    require(
        buffer.kind() == Kind.SCRATCH && buffer.format() == StorageFormat.I32,
        place,
        "expected scratch of i32, got %s of %s".formatted(buffer.name(), buffer.format().text()));
    checkRange(
        place + ": elements", require.elements(), domain, new Range(0, memory.elements(buffer)));
    require(
        MESSAGE.matcher(require.message()).matches(),
        place + ": message",
        "expected a text of 1 to 1000 characters on one line");
  }

  private void checkRange(String place, Expression expression, Domain domain, Range allowed)
      throws PlanException {
    CompiledExpression known = compiled.get(expression);
    try {
      if (known == null) {
        known = expression.compile(counters);
        compiled.put(expression, known);
      }
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
    Optional<String> problem = proof.refute(known, domain, allowed);
    if (problem.isPresent()) {
      throw new PlanException(Reason.MALFORMED, place, problem.get());
    }
  }

  private static void requireCount(String place, List<?> got, int expected) throws PlanException {
    require(
        got.size() == expected,
        place,
        "expected %d values, got %d".formatted(expected, got.size()));
  }
}
