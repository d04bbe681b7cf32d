package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.lang.classfile.CodeBuilder;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@code dot.nt} whose terms neighbouring threads share, so that they read neighbouring elements
 * of row-major weights; a tree in local memory joins their sums.
 */
final class LanePhase {

  private final KernelMethod method;
  private final MethodWriter writer;
  private final CodeBuilder code;
  private final LaneShape shape;
  private final Statement.DotNT dot;

  LanePhase(KernelMethod method, LaneShape shape, Statement.DotNT dot) {
    this.method = method;
    this.writer = method.writer();
    this.code = writer.code();
    this.shape = shape;
    this.dot = dot;
  }

  /**
   * {@return the phases}
   *
   * @param operands what both operands touch
   */
  List<Step> steps(List<Access> operands, DotPhase.PushAt left, DotPhase.PushAt right) {
    List<Step> steps = new ArrayList<>();
    List<Access> reading = new ArrayList<>(operands);
    reading.add(Access.writesOwn(LocalMemory.FLOAT_SCRATCH));
    steps.add(new Step.Phase(List.copyOf(reading), () -> working(() -> sums(left, right))));
    for (int distance = shape.lanes() / 2; distance > 0; distance /= 2) {
      int step = distance;
      steps.add(
          new Step.Phase(
              List.of(
                  Access.readsAny(LocalMemory.FLOAT_SCRATCH),
                  Access.writesOwn(LocalMemory.FLOAT_SCRATCH)),
              () -> working(() -> joinDistant(step))));
    }
    String target = dot.tile().tile();
    steps.add(
        new Step.Phase(
            List.of(
                Access.readsOwn(LocalMemory.FLOAT_SCRATCH),
                Access.readsAny(target),
                Access.writesAny(target)),
            () -> working(this::storeSums)));
    return List.copyOf(steps);
  }

  private void working(Runnable body) {
    if (shape.threads() == TornadoKernelAbi.THREADS) {
      writer.enter();
      body.run();
      writer.exit();
    } else {
      writer.push(method.thread()).push(shape.threads());
      writer.whenLess(body);
    }
  }

  private void pushLane() {
    writer.push(method.thread()).remainderOf(shape.lanes());
  }

  private Local firstColumn() {
    writer.push(method.thread()).dividedBy(shape.lanes()).remainderOf(shape.blocksAcross());
    return writer.times(shape.columns()).declareInt("column");
  }

  private Local firstRow() {
    writer.push(method.thread()).dividedBy(shape.lanes() * shape.blocksAcross());
    return writer.times(shape.rows()).declareInt("row");
  }

  private Runnable plus(Local first, int offset) {
    return () -> {
      writer.push(first);
      if (offset > 0) {
        writer.push(offset).plus();
      }
    };
  }

  private void sums(DotPhase.PushAt left, DotPhase.PushAt right) {
    Local column = firstColumn();
    Local row = firstRow();
    List<Local> sums = new ArrayList<>();
    for (int i = 0; i < shape.sums(); i++) {
      code.fconst_0();
      sums.add(writer.declareFloat("sum" + i));
    }
    pushLane();
    writer.loop(
        "term",
        shape.length(),
        shape.lanes() * shape.unroll(),
        term -> {
          List<Local> factors = new ArrayList<>();
          for (int u = 0; u < shape.unroll(); u++) {
            for (int c = 0; c < shape.columns(); c++) {
              right.push(plus(column, c), plus(term, u * shape.lanes()));
              factors.add(writer.declareFloat("factor"));
            }
          }
          for (int u = 0; u < shape.unroll(); u++) {
            for (int r = 0; r < shape.rows(); r++) {
              writer.enter();
              left.push(plus(row, r), plus(term, u * shape.lanes()));
              Local other = writer.declareFloat("left");
              for (int c = 0; c < shape.columns(); c++) {
                Local sum = sums.get(r * shape.columns() + c);
                writer.push(other).push(factors.get(u * shape.columns() + c));
                code.fmul();
                writer.push(sum);
                code.fadd();
                writer.store(sum);
              }
              writer.exit();
            }
          }
        });
    for (int i = 0; i < shape.sums(); i++) {
      Local sum = sums.get(i);
      method.store(LocalMemory.FLOAT_SCRATCH, scratch(i, 0), () -> writer.push(sum));
    }
  }

  /** Pushes where sum {@code number} of the thread {@code distance} further on lies. */
  private Runnable scratch(int number, int distance) {
    return plus(method.thread(), number * TornadoKernelAbi.THREADS + distance);
  }

  private void joinDistant(int distance) {
    pushLane();
    writer.push(distance);
    writer.whenLess(
        () -> {
          for (int i = 0; i < shape.sums(); i++) {
            int number = i;
            method.store(
                LocalMemory.FLOAT_SCRATCH,
                scratch(number, 0),
                () -> {
                  method.load(LocalMemory.FLOAT_SCRATCH, scratch(number, 0));
                  method.load(LocalMemory.FLOAT_SCRATCH, scratch(number, distance));
                  code.fadd();
                });
          }
        });
  }

  private void storeSums() {
    pushLane();
    writer.push(1);
    writer.whenLess(
        () -> {
          Local column = firstColumn();
          Local row = firstRow();
          for (int i = 0; i < shape.sums(); i++) {
            int number = i;
            Runnable place = target(row, i / shape.columns(), column, i % shape.columns());
            method.store(
                dot.tile().tile(),
                place,
                () -> {
                  method.load(LocalMemory.FLOAT_SCRATCH, scratch(number, 0));
                  if (dot.accumulate()) {
                    method.load(dot.tile().tile(), place);
                    code.fadd();
                  }
                });
          }
        });
  }

  private Runnable target(Local row, int rowOffset, Local column, int columnOffset) {
    Kernel.Tile tile = method.kernel().tile(dot.tile().tile());
    return () -> {
      plus(row, rowOffset).run();
      writer.times(tile.columns());
      plus(column, columnOffset + dot.tile().first()).run();
      writer.plus();
    };
  }
}
