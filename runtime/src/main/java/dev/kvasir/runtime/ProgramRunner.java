package dev.kvasir.runtime;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.runtime.backend.Backend;
import dev.kvasir.runtime.backend.Launch;
import dev.kvasir.runtime.backend.PreparedLaunches;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Interprets the program of one session. Everything that a launch needs is prepared when the
 * session opens, so that running allocates nothing.
 */
final class ProgramRunner {

  private static final int POSITION_PLACE =
      CounterIndex.PROGRAM_COUNTERS.indexOf(CounterIndex.POSITION);
  private static final int TOKENS_PLACE =
      CounterIndex.PROGRAM_COUNTERS.indexOf(CounterIndex.TOKENS);

  private final Plan plan;
  private final Workspace workspace;
  private final int mostLaunches;
  private final SessionMemory memory;
  private final CounterIndex index;
  private final Map<String, Routine> routines = new HashMap<>();
  private final Map<String, Value> values = new HashMap<>();
  private final StateWrites stateWrites;
  private final Routine prefill;
  private final Routine step;
  private final Value[] conditions;
  private final Routine[] actions;
  private final Marks marks;
  private final Settings settings;
  private final boolean[] marksToSet;
  private final long[] counters;
  private long countersVersion;

  private volatile boolean cancelRequested;
  private boolean cancellable;
  private boolean started;
  private boolean generating;
  private boolean overwroteState;
  private @Nullable TraceObserver observer;
  private @Nullable LaunchObserver launchObserver;

  /**
   * The operations of a procedure; filled after it is made, since procedures call each other.
   *
   * <p>As many launches as the back end takes at once are one operation, except where somebody is
   * to see what each of them does.
   */
  private static final class Routine {
    private Operation[] grouped = {};
    private Operation[] single = {};
  }

  /**
   * An expression and its value. Launches of all layers ask for the same few, so that each is
   * evaluated once for all of them.
   */
  private static final class Value {
    private final CompiledExpression expression;
    private long version = -1;
    private long value;

    Value(CompiledExpression expression) {
      this.expression = expression;
    }
  }

  private sealed interface Operation {
    /** {@return whether it ran to its end, that is, was not cancelled} */
    boolean run();
  }

  ProgramRunner(
      Plan plan,
      Backend backend,
      Workspace workspace,
      SessionMemory memory,
      Marks marks,
      Settings settings) {
    this.plan = plan;
    this.workspace = workspace;
    this.memory = memory;
    this.marks = marks;
    this.settings = settings;
    marksToSet = new boolean[marks.size()];
    counters = marks.counters();
    mostLaunches = backend.mostLaunches();
    Program program = plan.program();
    index = CounterIndex.ofProgram(program);
    stateWrites = new StateWrites(plan);
    for (Procedure procedure : program.procedures()) {
      routines.put(procedure.name(), new Routine());
    }
    for (Procedure procedure : program.procedures()) {
      fill(routine(procedure.name()), procedure.steps());
    }
    prefill = routine(Program.PREFILL);
    step = routine(Program.STEP);
    List<Rule> rules = program.rules();
    conditions = rules.stream().map(Rule::condition).map(this::compile).toArray(Value[]::new);
    actions = rules.stream().map(Rule::procedure).map(this::routine).toArray(Routine[]::new);
  }

  private Routine routine(String procedure) {
    Routine routine = routines.get(procedure);
    if (routine == null) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "the program has no procedure %s; compile the plan again".formatted(procedure));
    }
    return routine;
  }

  private void fill(Routine routine, List<Step> steps) {
    routine.single = steps.stream().map(this::operation).toArray(Operation[]::new);
    routine.grouped = mostLaunches == 1 ? routine.single : grouped(steps, routine.single);
  }

  /** {@return the operations with launches run together, and without those that only show} */
  private Operation[] grouped(List<Step> steps, Operation[] single) {
    List<Operation> operations = new ArrayList<>();
    List<Step.Launch> together = new ArrayList<>();
    for (int i = 0; i < single.length; i++) {
      switch (steps.get(i)) {
        case Step.Launch launch -> {
          if (together.size() == mostLaunches) {
            flush(together, operations);
          }
          together.add(launch);
        }
        case Step.Observe _ -> {}
        case Step.Call _, Step.Require _, Step.SetMark _ -> {
          flush(together, operations);
          operations.add(single[i]);
        }
      }
    }
    flush(together, operations);
    return operations.toArray(Operation[]::new);
  }

  private void flush(List<Step.Launch> together, List<Operation> operations) {
    if (!together.isEmpty()) {
      operations.add(new LaunchOperation(together));
      together.clear();
    }
  }

  private Operation operation(Step source) {
    return switch (source) {
      case Step.Launch launch -> new LaunchOperation(List.of(launch));
      case Step.Call call -> new CallOperation(routine(call.procedure()));
      case Step.Observe observe -> new ObserveOperation(observe);
      case Step.Require require -> new RequireOperation(require);
      case Step.SetMark set -> new SetMarkOperation(set);
    };
  }

  private Value compile(Expression expression) {
    return values.computeIfAbsent(
        expression.text(), unused -> new Value(expression.compile(index)));
  }

  /** Shows observed values to {@code next}, or to nobody when it is null. */
  void observe(@Nullable TraceObserver next) {
    observer = next;
  }

  /** Tells {@code next} of launches, or nobody when it is null. */
  void observeLaunches(@Nullable LaunchObserver next) {
    launchObserver = next;
  }

  /** Asks the running or the next procedure to stop; from any thread. */
  void cancel() {
    cancelRequested = true;
  }

  /** {@return whether work is to stop} */
  boolean cancelled() {
    return cancelRequested || Thread.currentThread().isInterrupted();
  }

  /** Forgets the wish to stop: the caller has been told. */
  void acknowledgeCancel() {
    cancelRequested = false;
  }

  /** {@return whether the last procedure launched anything} */
  boolean started() {
    return started;
  }

  /** {@return whether the last procedure launched what cannot be launched twice} */
  boolean overwroteState() {
    return overwroteState;
  }

  /** Shows the observer, if there is one, rows that were chosen at {@code tokens} tokens. */
  void showChosen(CachePages pages, int tokens) {
    TraceObserver watching = observer;
    if (watching != null) {
      pages.show(watching, tokens);
    }
  }

  /**
   * Runs {@code prefill}, or {@code step} for one generated token.
   *
   * @return whether it ran to its end, that is, was not cancelled
   */
  boolean run(boolean generated, int position, int span) {
    Manifest manifest = plan.manifest();
    CounterIndex.set(counters, manifest.context(), manifest.span(), position, span);
    marks.write(counters);
    settings.write(counters);
    countersVersion++;
    Arrays.fill(marksToSet, false);
    started = false;
    overwroteState = false;
    generating = generated;
    cancellable = true;
    if (!run(generated ? step : prefill)) {
      return false;
    }
    setMarks();
    return true;
  }

  /** Runs the rules whose conditions hold after a procedure; they cannot be cancelled. */
  void runRules() {
    cancellable = false;
    for (int i = 0; i < conditions.length; i++) {
      if (evaluate(conditions[i], "a rule") != 0) {
        run(actions[i]);
        setMarks();
      }
    }
  }

  /** Sets what the procedure that has run to its end asked for. */
  private void setMarks() {
    for (int i = 0; i < marksToSet.length; i++) {
      if (marksToSet[i]) {
        marksToSet[i] = false;
        marks.set(i, counters[TOKENS_PLACE]);
        marks.write(counters);
        countersVersion++;
      }
    }
  }

  private boolean run(Routine routine) {
    boolean watched = observer != null || launchObserver != null;
    for (Operation operation : watched ? routine.single : routine.grouped) {
      if (!operation.run()) {
        return false;
      }
    }
    return true;
  }

  private long evaluate(Value value, String label) {
    if (value.version == countersVersion) {
      return value.value;
    }
    try {
      value.value = value.expression.evaluate(counters);
      value.version = countersVersion;
      return value.value;
    } catch (ExpressionException e) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "%s: %s; compile the plan again".formatted(label, e.getMessage()),
          e);
    }
  }

  private int evaluateInt(Value expression, String label) {
    long value = evaluate(expression, label);
    if (value != (int) value) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "%s: %s is %d, which no 32-bit integer holds; compile the plan again"
              .formatted(label, expression.expression.source().text(), value));
    }
    return (int) value;
  }

  private final class LaunchOperation implements Operation {

    private final Member[] members;
    private final PreparedLaunches launches;
    private final int[] extents;
    private final int[] dims;
    private final boolean overwritesInPrefill;
    private final boolean overwritesInStep;

    LaunchOperation(List<Step.Launch> sources) {
      members = sources.stream().map(Member::new).toArray(Member[]::new);
      launches = workspace.prepare(sources.stream().map(this::launch).toList());
      overwritesInPrefill = sources.stream().anyMatch(stateWrites::overwritesInPrefill);
      overwritesInStep = sources.stream().anyMatch(stateWrites::overwritesInStep);
      extents = new int[members.length * PreparedLaunches.EXTENTS];
      dims = new int[sources.stream().mapToInt(source -> source.dims().size()).sum()];
    }

    private Launch launch(Step.Launch source) {
      return new Launch(
          source.kernel(), source.label(), source.buffers().stream().map(memory::buffer).toList());
    }

    @Override
    public boolean run() {
      if (cancellable && cancelled()) {
        return false;
      }
      boolean some = false;
      int dim = 0;
      for (int i = 0; i < members.length; i++) {
        some |= members[i].evaluate(extents, i * PreparedLaunches.EXTENTS, dims, dim);
        dim += members[i].dimensions.length;
      }
      if (some) {
        started = true;
        overwroteState |= generating ? overwritesInStep : overwritesInPrefill;
        long nanos = launches.run(extents, dims);
        LaunchObserver watching = launchObserver;
        if (watching != null) {
          watching.launched(members[0].source, nanos);
        }
      }
      return true;
    }
  }

  /** One of the launches that run together. */
  private final class Member {

    private final Step.Launch source;
    private final String label;
    private final Value[] grid;
    private final Value[] dimensions;

    Member(Step.Launch source) {
      this.source = source;
      label = source.label();
      grid = source.grid().stream().map(ProgramRunner.this::compile).toArray(Value[]::new);
      if (grid.length < 1 || grid.length > PreparedLaunches.EXTENTS) {
        throw inconsistent("a grid of %d axes".formatted(grid.length));
      }
      dimensions = source.dims().stream().map(ProgramRunner.this::compile).toArray(Value[]::new);
    }

    /** {@return whether the grid has points; if so, the dims are written as well} */
    boolean evaluate(int[] extents, int firstExtent, int[] dims, int firstDim) {
      int sequences = evaluateInt(grid[0], label);
      if (sequences > 1) {
        throw inconsistent("%d sequences, where a session runs 1".formatted(sequences));
      }
      int extent1 = extent(1);
      int extent2 = extent(2);
      if (sequences < 0 || extent1 < 0 || extent2 < 0) {
        throw inconsistent("a grid of [%d, %d, %d]".formatted(sequences, extent1, extent2));
      }
      extents[firstExtent] = sequences;
      extents[firstExtent + 1] = extent1;
      extents[firstExtent + 2] = extent2;
      if (sequences == 0 || extent1 == 0 || extent2 == 0) {
        return false;
      }
      for (int i = 0; i < dimensions.length; i++) {
        dims[firstDim + i] = evaluateInt(dimensions[i], label);
      }
      return true;
    }

    private int extent(int axis) {
      return axis < grid.length ? evaluateInt(grid[axis], label) : 1;
    }

    private KvasirException inconsistent(String found) {
      return new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "launch \"%s\" asks for %s; compile the plan again".formatted(label, found));
    }
  }

  private final class CallOperation implements Operation {

    private final Routine target;

    CallOperation(Routine target) {
      this.target = target;
    }

    @Override
    public boolean run() {
      return ProgramRunner.this.run(target);
    }
  }

  private final class RequireOperation implements Operation {

    private final String message;
    private final MemorySegment buffer;
    private final Value elements;

    RequireOperation(Step.Require source) {
      message = source.message();
      buffer = memory.buffer(source.buffer());
      elements = compile(source.elements());
    }

    @Override
    public boolean run() {
      int count = evaluateInt(elements, "a requirement");
      workspace.read(buffer, StorageFormat.I32);
      for (int i = 0; i < count; i++) {
        if (buffer.get(Formats.INT, (long) i * Integer.BYTES) != 0) {
          throw new KvasirException(ErrorCode.REQUIREMENT_FAILED, message);
        }
      }
      return true;
    }
  }

  private final class SetMarkOperation implements Operation {

    private final int mark;
    private final @Nullable Value condition;

    SetMarkOperation(Step.SetMark source) {
      mark = marks.first(Set.of(source.mark()));
      condition = source.when().map(ProgramRunner.this::compile).orElse(null);
    }

    @Override
    public boolean run() {
      marksToSet[mark] = condition == null || evaluate(condition, "a mark") != 0;
      return true;
    }
  }

  private final class ObserveOperation implements Operation {

    private final Step.Observe source;
    private final MemorySegment buffer;
    private final Value rows;

    ObserveOperation(Step.Observe source) {
      this.source = source;
      buffer = memory.buffer(source.buffer());
      rows = compile(source.rows());
    }

    @Override
    public boolean run() {
      TraceObserver watching = observer;
      if (watching != null) {
        show(watching);
      }
      return true;
    }

    private void show(TraceObserver watching) {
      int rowCount = evaluateInt(rows, source.name());
      int heads = source.heads();
      int columns = source.columns();
      workspace.read(buffer, StorageFormat.F32);
      float[] values = new float[Math.multiplyExact(Math.multiplyExact(heads, rowCount), columns)];
      for (int head = 0; head < heads; head++) {
        for (int row = 0; row < rowCount; row++) {
          long from = ((long) row * heads + head) * columns;
          MemorySegment.copy(
              buffer,
              Formats.FLOAT,
              from * Float.BYTES,
              values,
              (head * rowCount + row) * columns,
              columns);
        }
      }
      int position = (int) counters[POSITION_PLACE];
      List<Integer> shape =
          source.dropColumns() ? List.of(heads, rowCount) : List.of(heads, rowCount, columns);
      watching.observe(source.name(), position, shape, values);
    }
  }
}
