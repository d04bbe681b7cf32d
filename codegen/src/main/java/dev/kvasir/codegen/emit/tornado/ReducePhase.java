package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.util.ArrayList;
import java.util.List;

/**
 * Reductions of a tile along one axis: a thread for each result where it joins few elements or
 * there are many results, else several threads for each, whose partial results a tree joins.
 */
final class ReducePhase {

  private final KernelMethod method;
  private final MethodWriter writer;
  private final CodeBuilder code;
  private final Statement.Reduce reduce;
  private final ReduceShape shape;
  private final boolean argmax;
  private final boolean integers;

  ReducePhase(KernelMethod method, Statement.Reduce reduce) {
    this.method = method;
    this.writer = method.writer();
    this.code = writer.code();
    this.reduce = reduce;
    this.shape = ReduceShape.of(method.kernel(), reduce);
    this.argmax = reduce.operator() == Statement.ReduceOperator.ARGMAX;
    this.integers = method.kernel().tile(reduce.source().tile()).type() == Kernel.TileType.I32;
  }

  /** The running result of a thread; the index is used by argmax alone. */
  private record Running(Local value, Local index) {}

  Step reduce() {
    return shape.isTree() ? tree() : alone();
  }

  private Step alone() {
    return new Step.Phase(
        List.of(Access.readsAny(reduce.source().tile()), target(true)),
        () ->
            method.share(
                shape.results(),
                result -> {
                  writer.enter();
                  Running running = join(() -> writer.push(result), () -> writer.push(0), 1);
                  method.store(
                      reduce.tile().tile(),
                      () -> pushTarget(() -> writer.push(result)),
                      () -> writer.push(argmax ? running.index() : running.value()));
                  writer.exit();
                }));
  }

  /** A result lies where its number says only in a tile of its own. */
  private Access target(boolean own) {
    Kernel.Tile tile = method.kernel().tile(reduce.tile().tile());
    return own && reduce.tile().columnsOf(tile) == tile.columns()
        ? Access.writesOwn(tile.name())
        : Access.writesAny(tile.name());
  }

  private void pushTarget(Runnable result) {
    result.run();
    if (reduce.along() == Statement.Along.COLUMNS) {
      writer.times(method.kernel().tile(reduce.tile().tile()).columns());
    }
    if (reduce.tile().first() > 0) {
      writer.push(reduce.tile().first()).plus();
    }
  }

  private Step tree() {
    List<Step> steps = new ArrayList<>();
    List<Access> partial = new ArrayList<>(List.of(source()));
    addScratch(partial, true, true);
    steps.add(new Step.Phase(List.copyOf(partial), () -> working(this::partialResult)));
    for (int distance = shape.lanes() / 2; distance > 0; distance /= 2) {
      int step = distance;
      List<Access> accesses = new ArrayList<>();
      addScratch(accesses, false, false);
      addScratch(accesses, true, true);
      steps.add(new Step.Phase(List.copyOf(accesses), () -> working(() -> joinDistant(step))));
    }
    // A single result is element 0, and thread 0 has it.
    boolean own = shape.results() == 1 && reduce.tile().first() == 0;
    List<Access> last = new ArrayList<>(List.of(target(own)));
    addScratch(last, false, true);
    steps.add(new Step.Phase(List.copyOf(last), () -> working(this::storeResult)));
    return new Step.Scope(List.copyOf(steps));
  }

  /** A single result takes each thread the element of its own number, where there are no more. */
  private Access source() {
    String tile = reduce.source().tile();
    boolean own =
        shape.results() == 1
            && shape.first() == 0
            && shape.stride() == 1
            && shape.length() <= shape.lanes();
    return own ? Access.readsOwn(tile) : Access.readsAny(tile);
  }

  private void addScratch(List<Access> accesses, boolean write, boolean own) {
    accesses.add(new Access(Access.Space.LOCAL, scratch(), write, own));
    if (argmax) {
      accesses.add(new Access(Access.Space.LOCAL, LocalMemory.INT_SCRATCH, write, own));
    }
  }

  /** {@return the array of partial results} */
  private String scratch() {
    return integers ? LocalMemory.INT_SCRATCH : LocalMemory.FLOAT_SCRATCH;
  }

  /** Writes the body for the threads that have a result and a lane. */
  private void working(Runnable body) {
    int threads = shape.results() * shape.lanes();
    if (threads == TornadoKernelAbi.THREADS) {
      body.run();
    } else {
      writer.push(method.thread()).push(threads);
      writer.whenLess(body);
    }
  }

  private void pushLane() {
    writer.push(method.thread()).remainderOf(shape.lanes());
  }

  private void pushResult() {
    writer.push(method.thread()).dividedBy(shape.lanes());
  }

  private void partialResult() {
    writer.enter();
    Running running = join(this::pushResult, this::pushLane, shape.lanes());
    Runnable thread = () -> writer.push(method.thread());
    method.store(scratch(), thread, () -> writer.push(running.value()));
    if (argmax) {
      method.store(LocalMemory.INT_SCRATCH, thread, () -> writer.push(running.index()));
    }
    writer.exit();
  }

  /** Joins elements first, first + step, ... of a result. */
  private Running join(Runnable result, Runnable first, int step) {
    result.run();
    writer.times(shape.resultStride());
    if (shape.first() > 0) {
      writer.push(shape.first()).plus();
    }
    Local base = writer.declareInt("base");
    first.run();
    Local index = writer.declareInt("index");
    Kernel.Tile source = method.kernel().tile(reduce.source().tile());
    loadAt(source, base, index);
    Running running =
        new Running(integers ? writer.declareInt("value") : writer.declareFloat("value"), index);
    writer.push(index).push(step).plus();
    writer.loop(
        "next",
        shape.length(),
        step,
        next -> {
          loadAt(source, base, next);
          if (argmax) {
            Local value = writer.declareFloat("candidate");
            takeIf(running, value, next, () -> greater(value, running.value()));
          } else {
            writer.push(running.value());
            joinTwo();
            writer.store(running.value());
          }
        });
    return running;
  }

  private void loadAt(Kernel.Tile source, Local base, Local index) {
    method.load(source.name(), () -> writer.push(base).push(index).times(shape.stride()).plus());
  }

  private void joinTwo() {
    switch (reduce.operator()) {
      case SUM -> {
        if (integers) {
          code.iadd();
        } else {
          code.fadd();
        }
      }
      case MAXIMUM -> extreme("max");
      case MINIMUM -> extreme("min");
      case ARGMAX -> throw new IllegalStateException("argmax joins indices too");
    }
  }

  private void extreme(String name) {
    code.invokestatic(
        TornadoApi.MATH, name, integers ? TornadoApi.INTS_TO_INT : TornadoApi.FLOATS_TO_FLOAT);
  }

  private void greater(Local left, Local right) {
    Label holds = code.newLabel();
    Label end = code.newLabel();
    writer.push(left).push(right);
    code.fcmpl().ifgt(holds).iconst_0().goto_(end).labelBinding(holds).iconst_1();
    code.labelBinding(end);
  }

  private void takeIf(Running running, Local value, Local index, Runnable condition) {
    condition.run();
    writer.when(
        () -> {
          writer.push(value).store(running.value());
          writer.push(index).store(running.index());
        });
  }

  /** Joins the partial result of the lane {@code distance} further into this lane's. */
  private void joinDistant(int distance) {
    pushLane();
    writer.push(distance);
    writer.whenLess(
        () -> {
          Runnable mine = () -> writer.push(method.thread());
          Runnable other = () -> writer.push(method.thread()).push(distance).plus();
          if (argmax) {
            joinDistantIndex(mine, other);
          } else {
            method.store(
                scratch(),
                mine,
                () -> {
                  method.load(scratch(), mine);
                  method.load(scratch(), other);
                  joinTwo();
                });
          }
        });
  }

  private void joinDistantIndex(Runnable mine, Runnable other) {
    method.load(LocalMemory.FLOAT_SCRATCH, mine);
    Local value = writer.declareFloat("value");
    method.load(LocalMemory.INT_SCRATCH, mine);
    Local index = writer.declareInt("index");
    method.load(LocalMemory.FLOAT_SCRATCH, other);
    Local otherValue = writer.declareFloat("candidate");
    method.load(LocalMemory.INT_SCRATCH, other);
    Local otherIndex = writer.declareInt("candidate_index");
    // Larger, or equal and earlier.
    greater(otherValue, value);
    Label end = code.newLabel();
    writer.push(otherValue).push(value);
    code.fcmpl().ifne(end);
    writer.push(otherIndex).push(index);
    code.if_icmpge(end);
    code.pop().iconst_1().labelBinding(end);
    writer.when(
        () -> {
          method.store(LocalMemory.FLOAT_SCRATCH, mine, () -> writer.push(otherValue));
          method.store(LocalMemory.INT_SCRATCH, mine, () -> writer.push(otherIndex));
        });
  }

  private void storeResult() {
    pushLane();
    writer.push(1);
    writer.whenLess(
        () ->
            method.store(
                reduce.tile().tile(),
                () -> pushTarget(this::pushResult),
                () ->
                    method.load(
                        argmax ? LocalMemory.INT_SCRATCH : scratch(),
                        () -> writer.push(method.thread()))));
  }
}
