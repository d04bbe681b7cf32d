package dev.kvasir.codegen.assemble;

import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Supplier;

/** The procedures of a plan while the graph's operations are lowered one after the other. */
final class ProgramBuilder {

  /** Which procedure a launch belongs to. */
  enum Mode {
    /** A span of a prompt. */
    PREFILL(Expression.counter("span")),
    /** One generated token. */
    STEP(Expression.constant(1));

    private final Expression rows;

    Mode(Expression rows) {
      this.rows = rows;
    }

    /** {@return rows of the running span} */
    Expression rows() {
      return rows;
    }
  }

  /**
   * Where a value of the graph lies.
   *
   * @param buffer its buffer
   * @param width elements of a row
   * @param firstRow row of the buffer that is the value's first
   * @param single whether the value is one row rather than the whole span
   */
  record Location(String buffer, int width, Map<Mode, Expression> firstRow, boolean single) {
    /** {@return its rows} */
    Expression rows(Mode mode) {
      return single ? ONE : mode.rows();
    }
  }

  private static final Expression ONE = Expression.constant(1);

  private final PlanSizes sizes;
  private final WeightSource weights;
  private final KernelLibrary kernels;
  private final ScratchPlanner scratch = new ScratchPlanner();
  private final Map<Value, Location> locations = new HashMap<>();
  private final Map<String, BufferDeclaration> bound = new LinkedHashMap<>();
  private final Map<Mode, List<Program.Step>> steps =
      Map.of(Mode.PREFILL, new ArrayList<>(), Mode.STEP, new ArrayList<>());
  private final Map<Expression, List<Program.Step>> rules = new LinkedHashMap<>();
  private final Map<String, Program.Mark> marks = new LinkedHashMap<>();
  private final List<String> keptForRules = new ArrayList<>();
  private long stateBytes;
  private int operation;

  ProgramBuilder(PlanSizes sizes, WeightSource weights, KernelLibrary kernels) {
    this.sizes = sizes;
    this.weights = weights;
    this.kernels = kernels;
  }

  PlanSizes sizes() {
    return sizes;
  }

  /** {@return the kernel of that name, which no tile shapes, built when it is the first use} */
  Kernel kernel(String name, String summary, Supplier<Kernel> build, Supplier<CheckCase> check) {
    return kernel(name, summary, Collections.emptySortedMap(), build, check);
  }

  /**
   * {@return the kernel of that name, built when it is the first use}
   *
   * @param summary what is fused in it, for people
   * @param tiles sizes that shape it, by name
   * @param build writes the IR
   * @param check a small case
   */
  Kernel kernel(
      String name,
      String summary,
      SortedMap<String, Integer> tiles,
      Supplier<Kernel> build,
      Supplier<CheckCase> check) {
    return kernels.use(
        name, () -> new KernelLibrary.Entry(build.get(), summary, tiles, check.get()));
  }

  /** Moves on to the next operation of the graph. */
  void nextOperation() {
    operation++;
  }

  /** Declares working storage that is first used by the current operation. */
  String scratch(String name, StorageFormat format, Expression elements, long count) {
    scratch.declare(name, format, elements, count, operation);
    return name;
  }

  /** Declares a buffer of [span, width]. */
  void rows(String name, int width) {
    Expression rows =
        Expression.counter("max_span").ceilDivide(sizes.rowPadding()).times(sizes.rowPadding());
    scratch(name, StorageFormat.F32, rows.times(width), (long) sizes.paddedSpan() * width);
  }

  /** Declares a buffer for a value of [span, width]. */
  Location activation(Value value, int width) {
    rows(value.name(), width);
    return locate(value, new Location(value.name(), width, zero(), false));
  }

  /** Declares a buffer for a value of one row. */
  Location singleRow(Value value, String name, StorageFormat format, int width) {
    scratch(name, format, Expression.constant(width), width);
    return locate(value, new Location(name, width, zero(), true));
  }

  static Map<Mode, Expression> zero() {
    return Map.of(Mode.PREFILL, Expression.constant(0), Mode.STEP, Expression.constant(0));
  }

  /** {@return activation rows from one sequence to the next} */
  Expression sequenceRows(Mode mode, Location location) {
    return location.single() || mode == Mode.STEP ? ONE : Expression.constant(sizes.paddedSpan());
  }

  /** Says where a value lies. */
  Location locate(Value value, Location location) {
    locations.put(value, location);
    return location;
  }

  /** {@return where a value lies} */
  Location location(Value value) {
    Location location = locations.get(value);
    if (location == null) {
      throw new IllegalStateException("nothing computed " + value);
    }
    return location;
  }

  /** {@return the format of a weight's buffer} */
  ElementFormat format(WeightReference weight) {
    ElementFormat stored =
        weights
            .weight(weight.name())
            .type()
            .format()
            .orElseThrow(() -> new IllegalStateException(weight.name() + " holds no numbers"));
    return kernels.target().weights(stored);
  }

  /** {@return the factors of the outputs of a matrix, which only one of integers has} */
  Optional<WeightReference> scale(WeightReference weight) {
    return format(weight).isFloating()
        ? Optional.empty()
        : Optional.of(
            WeightReference.vector(WeightCatalog.scale(weight.name()), weight.shape().getFirst()));
  }

  /** {@return the buffer of a model weight} */
  String weight(WeightReference weight) {
    return bind(
        new BufferDeclaration(
            weight.name(),
            BufferDeclaration.Kind.WEIGHT,
            KernelLibrary.storage(format(weight)),
            Expression.constant(weight.size()),
            0,
            0,
            0,
            weight.name()));
  }

  /** {@return the buffer of a tensor that the plan brings along} */
  String derived(String tensor, StorageFormat format, long elements) {
    return bind(
        new BufferDeclaration(
            tensor,
            BufferDeclaration.Kind.DERIVED,
            format,
            Expression.constant(elements),
            0,
            0,
            0,
            tensor));
  }

  /** Declares memory of a session that lives from run to run, zero at first. */
  void state(String name, StorageFormat format, long elements) {
    bind(
        new BufferDeclaration(
            name,
            BufferDeclaration.Kind.STATE,
            format,
            Expression.constant(elements),
            0,
            0,
            0,
            ""));
    stateBytes = Math.addExact(stateBytes, format.bytes(elements));
  }

  /** {@return bytes of all that lives from run to run} */
  long stateBytes() {
    return stateBytes;
  }

  private String bind(BufferDeclaration declaration) {
    bound.putIfAbsent(declaration.name(), declaration);
    return declaration.name();
  }

  /**
   * Adds a launch.
   *
   * @param grid extents after the first, which is one sequence
   * @param arguments buffer of each kernel argument, by name
   * @param dims value of each kernel dim, by name
   */
  void launch(
      Mode mode,
      Kernel kernel,
      String label,
      List<Expression> grid,
      Map<String, String> arguments,
      Map<String, Expression> dims) {
    steps(mode).add(launch(kernel, label, grid, arguments, dims));
  }

  private Program.Step launch(
      Kernel kernel,
      String label,
      List<Expression> grid,
      Map<String, String> arguments,
      Map<String, Expression> dims) {
    List<Expression> extents = new ArrayList<>(List.of(ONE));
    extents.addAll(grid);
    List<String> buffers = kernel.buffers().stream().map(b -> get(arguments, b.name())).toList();
    buffers.forEach(buffer -> scratch.use(buffer, operation));
    return new Program.Step.Launch(
        kernel.name(),
        label,
        extents,
        buffers,
        kernel.dims().stream().map(dim -> get(dims, dim)).toList());
  }

  /** Adds a condition that the launches before must have met. */
  void require(Mode mode, Program.Step.Require requirement) {
    steps(mode).add(requirement);
  }

  /** Adds a launch that follows every prefill or step after which {@code condition} holds. */
  void afterRuns(
      Expression condition,
      Kernel kernel,
      String label,
      List<Expression> grid,
      Map<String, String> arguments,
      Map<String, Expression> dims) {
    rules
        .computeIfAbsent(condition, _ -> new ArrayList<>())
        .add(launch(kernel, label, grid, arguments, dims));
  }

  /**
   * Adds a launch that follows every prefill or step after which {@code condition} holds.
   *
   * @param requirement what the launch must have met
   */
  void afterRuns(
      Expression condition,
      Kernel kernel,
      String label,
      List<Expression> grid,
      Map<String, String> arguments,
      Map<String, Expression> dims,
      Program.Step.Require requirement) {
    afterRuns(condition, kernel, label, grid, arguments, dims);
    get(rules, condition).add(requirement);
    keptForRules.add(requirement.buffer());
  }

  /**
   * Declares a mark: the tokens at the end of the last prefill, or of the step since which as many
   * rows had come as {@code most}.
   *
   * @param most rows that come between two settings of the mark at most
   */
  void mark(String name, int most) {
    marks.put(name, new Program.Mark(name, most));
  }

  /**
   * Declares a mark that a prefill sets only when as many rows have come as {@code most}.
   *
   * @param most rows that come between two settings of the mark in steps
   * @param initial what it is before, at least 1
   */
  void mark(String name, int most, int initial) {
    marks.put(name, new Program.Mark(name, most, initial));
  }

  /** Adds a launch that follows the step before which a mark was set {@code most} steps ago. */
  void whenDue(
      String mark,
      Kernel kernel,
      String label,
      List<Expression> grid,
      Map<String, String> arguments,
      Map<String, Expression> dims) {
    due(mark).add(launch(kernel, label, grid, arguments, dims));
  }

  /** Adds a condition that the launches of {@link #whenDue} before must have met. */
  void requireWhenDue(String mark, Program.Step.Require requirement) {
    due(mark).add(requirement);
  }

  private List<Program.Step> due(String mark) {
    Expression condition =
        Expression.counter("tokens")
            .minus(Expression.counter(mark))
            .equalTo(Expression.constant(get(marks, mark).most()));
    return rules.computeIfAbsent(condition, _ -> new ArrayList<>());
  }

  /** Keeps until the end what rules write, so that it never lies on what the runtime reads. */
  void keepForRules() {
    keptForRules.forEach(this::keep);
  }

  /** Shows a value of [span, heads * columns] to tracers, in both procedures. */
  void observe(Value value, int heads, int columns, boolean dropColumns) {
    String buffer = location(value).buffer();
    scratch.use(buffer, operation);
    for (Mode mode : Mode.values()) {
      steps(mode)
          .add(
              new Program.Step.Observe(
                  value.name(), buffer, mode.rows(), heads, columns, dropColumns));
    }
  }

  /** Keeps a buffer beyond the current operation: the runtime reads it afterwards. */
  void keep(String buffer) {
    scratch.use(buffer, operation + 1);
  }

  private List<Program.Step> steps(Mode mode) {
    return get(steps, mode);
  }

  /** {@return what a map has for a key that must be there} */
  static <K, V> V get(Map<K, V> map, K key) {
    V value = map.get(key);
    if (value == null) {
      throw new IllegalStateException("nothing is bound to " + key);
    }
    return value;
  }

  List<Program.Procedure> procedures() {
    List<Program.Procedure> procedures = new ArrayList<>();
    List<Program.Step> prefill = new ArrayList<>(steps(Mode.PREFILL));
    for (Program.Mark mark : marks.values()) {
      Optional<Expression> when =
          mark.initial() == 0 ? Optional.empty() : Optional.of(mark.reached());
      prefill.add(new Program.Step.SetMark(mark.name(), when));
    }
    procedures.add(new Program.Procedure(Program.PREFILL, prefill));
    procedures.add(new Program.Procedure(Program.STEP, steps(Mode.STEP)));
    for (Program.Rule rule : rules()) {
      procedures.add(new Program.Procedure(rule.procedure(), get(rules, rule.condition())));
    }
    return procedures;
  }

  /** {@return when the procedures behind the first two are called} */
  List<Program.Rule> rules() {
    marks.keySet().forEach(this::endWithMark);
    List<Program.Rule> called = new ArrayList<>();
    for (Expression condition : rules.keySet()) {
      called.add(new Program.Rule(condition, "after_run_" + called.size()));
    }
    return called;
  }

  private void endWithMark(String mark) {
    Program.Step end = new Program.Step.SetMark(mark);
    List<Program.Step> steps = due(mark);
    if (steps.isEmpty() || !steps.getLast().equals(end)) {
      steps.add(end);
    }
  }

  /** {@return the counters that procedures set} */
  List<Program.Mark> marks() {
    return List.copyOf(marks.values());
  }

  /** {@return weights, derived tensors and scratch, in that order} */
  List<BufferDeclaration> buffers() {
    List<BufferDeclaration> buffers = new ArrayList<>(bound.values());
    buffers.addAll(scratch.place());
    return buffers;
  }

  long scratchBytes() {
    return scratch.slabBytes();
  }
}
