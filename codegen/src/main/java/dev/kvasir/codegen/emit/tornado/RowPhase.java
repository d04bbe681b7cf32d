package dev.kvasir.codegen.emit.tornado;

import static java.lang.constant.ConstantDescs.CD_int;

import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.util.List;

/** Running sums along a row, and stores to places that a row names. */
final class RowPhase {

  private final KernelMethod method;
  private final MethodWriter writer;
  private final CodeBuilder code;

  RowPhase(KernelMethod method) {
    this.method = method;
    this.writer = method.writer();
    this.code = writer.code();
  }

  /**
   * Each thread sums what stands in front of its own column: all read the same elements at the same
   * time, and no barrier stands within.
   */
  Step scan(Statement.Scan scan) {
    int columns = method.kernel().tile(scan.source()).columns();
    Step.Phase sums =
        new Step.Phase(
            List.of(
                Access.readsAny(scan.source()),
                Access.readsAny(scan.carry()),
                Access.writesOwn(scan.tile())),
            () -> method.share(columns, column -> sum(scan, column)));
    // The last column's own thread has its sum.
    Step.Phase carry =
        new Step.Phase(
            List.of(Access.readsOwn(scan.tile()), Access.writesAny(scan.carry())),
            () -> {
              int last = columns - 1;
              writer.push(method.thread()).push(last % TornadoKernelAbi.THREADS);
              Label end = code.newLabel();
              code.if_icmpne(end);
              method.store(
                  scan.carry(),
                  () -> writer.push(0),
                  () -> method.load(scan.tile(), () -> writer.push(last)));
              code.labelBinding(end);
            });
    return new Step.Scope(List.of(sums, carry));
  }

  private void sum(Statement.Scan scan, Local column) {
    writer.enter();
    method.load(scan.carry(), () -> writer.push(0));
    Local sum = writer.declareInt("sum");
    writer.push(column).push(1).plus();
    Local limit = writer.declareInt("limit");
    writer.push(0);
    Local next = writer.declareInt("next");
    writer.loop(
        next,
        limit,
        () -> {
          writer.push(sum);
          method.load(scan.source(), () -> writer.push(next));
          writer.plus().store(sum);
        });
    method.store(scan.tile(), () -> writer.push(column), () -> writer.push(sum));
    writer.exit();
  }

  Step scatter(Statement.Scatter scatter) {
    Local start = new Local("start", CD_int);
    Step.Phase stores =
        new Step.Phase(
            List.of(
                Access.readsOwn(scatter.index()),
                Access.readsOwn(scatter.value()),
                method.writes(scatter.buffer())),
            () ->
                method.share(
                    method.kernel().tile(scatter.index()).columns(),
                    column -> store(scatter, start, column)));
    return new Step.Scope(
        List.of(new UniformPhase(method).declare(start, scatter.start()), stores));
  }

  private void store(Statement.Scatter scatter, Local start, Local column) {
    Runnable element = () -> writer.push(column);
    writer.enter();
    method.load(scatter.index(), element);
    Local index = writer.declareInt("index");
    writer.push(-1).push(index);
    writer.whenLess(
        () ->
            method.set(
                scatter.buffer(),
                () -> writer.push(start).push(index).plus(),
                () -> method.load(scatter.value(), element)));
    writer.exit();
  }
}
