package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Contractions: a thread for each column of the target and block of its rows, so that neighbouring
 * threads read neighbouring elements of a page and an element once read serves all rows of the
 * block; or, where the elements of a column lie side by side, {@link LanePhase}.
 */
final class DotPhase {

  /** Most sums that a thread keeps in registers. */
  private static final int MOST_ROWS = 8;

  /** Products written out one after the other: more make long methods, not faster ones. */
  private static final int UNROLL = 8;

  private final KernelMethod method;
  private final MethodWriter writer;
  private final CodeBuilder code;

  DotPhase(KernelMethod method) {
    this.method = method;
    this.writer = method.writer();
    this.code = writer.code();
  }

  /**
   * The target of a contraction and how it is shared.
   *
   * @param first its first column
   * @param columns its columns
   * @param rows rows of a share
   */
  private record Shares(Kernel.Tile target, int first, int columns, int rows) {

    static Shares of(Kernel.Tile target, Statement.TilePart part) {
      int columns = part.columnsOf(target);
      int most = Math.clamp(target.rows() * columns / TornadoKernelAbi.THREADS, 1, MOST_ROWS);
      int rows = 1;
      for (int candidate = 2; candidate <= most; candidate++) {
        if (target.rows() % candidate == 0) {
          rows = candidate;
        }
      }
      return new Shares(target, part.first(), columns, rows);
    }

    int count() {
      return target.rows() * columns / rows;
    }

    Access access(boolean write) {
      boolean own = rows == 1 && columns == target.columns();
      return new Access(Access.Space.LOCAL, target.name(), write, own);
    }
  }

  Step dotNT(Statement.DotNT dot) {
    UniformPhase uniforms = new UniformPhase(method);
    Shares shares = Shares.of(method.kernel().tile(dot.tile().tile()), dot.tile());
    UniformPhase.Window right = uniforms.window(dot.right());
    List<Step> steps = new ArrayList<>(List.of(uniforms.declare(right)));
    List<Access> operands = new ArrayList<>(List.of(method.reads(dot.right().buffer())));
    int length = dot.right().columns();
    PushAt left =
        switch (dot.left()) {
          case Statement.Operand.OfTile(Statement.TilePart part) -> {
            operands.add(Access.readsAny(part.tile()));
            yield tileAt(part.tile(), part.first());
          }
          case Statement.Operand.OfView(View view) -> {
            UniformPhase.Window window = uniforms.window(view);
            steps.add(uniforms.declare(window));
            operands.add(method.reads(view.buffer()));
            yield viewAt(window);
          }
        };
    PushAt rightAt = viewAt(right);
    Optional<LaneShape> lanes = LaneShape.of(method.kernel(), dot, method.memory().mostSums());
    if (lanes.isPresent()) {
      steps.addAll(new LanePhase(method, lanes.get(), dot).steps(operands, left, rightAt));
      return new Step.Scope(List.copyOf(steps));
    }
    List<Access> accesses = new ArrayList<>(operands);
    accesses.add(shares.access(true));
    if (dot.accumulate()) {
      accesses.add(shares.access(false));
    }
    steps.add(
        new Step.Phase(
            List.copyOf(accesses),
            () ->
                share(
                    shares,
                    dot.accumulate(),
                    (column, firstRow, sums) ->
                        terms(
                            length,
                            sums.size(),
                            term -> {
                              rightAt.push(() -> writer.push(column), term);
                              Local factor = writer.declareFloat("factor");
                              for (int i = 0; i < sums.size(); i++) {
                                int row = i;
                                left.push(() -> pushRow(firstRow, row), term);
                                addProduct(sums.get(i), factor);
                              }
                            }))));
    return new Step.Scope(List.copyOf(steps));
  }

  Step dotNN(Statement.DotNN dot) {
    UniformPhase uniforms = new UniformPhase(method);
    Shares shares = Shares.of(method.kernel().tile(dot.tile().tile()), dot.tile());
    UniformPhase.Window right = uniforms.window(dot.right());
    int length = dot.right().rows();
    PushAt left = tileAt(dot.left(), 0);
    PushAt rightAt = viewAt(right);
    Step.Phase phase =
        new Step.Phase(
            List.of(
                method.reads(dot.right().buffer()),
                Access.readsAny(dot.left()),
                shares.access(false),
                shares.access(true)),
            () ->
                share(
                    shares,
                    true,
                    (column, firstRow, sums) ->
                        terms(
                            length,
                            sums.size(),
                            term -> {
                              Runnable factor = () -> rightAt.push(term, () -> writer.push(column));
                              Operand row = i -> left.push(() -> pushRow(firstRow, i), term);
                              if (dot.guarded()) {
                                guardedTerm(sums, row, factor);
                              } else {
                                term(sums, row, factor);
                              }
                            })));
    return new Step.Scope(List.of(uniforms.declare(right), phase));
  }

  /** Pushes an operand's element at (row, column). */
  interface PushAt {
    void push(Runnable row, Runnable column);
  }

  /** Pushes the left factor of one row of the block. */
  private interface Operand {
    void push(int row);
  }

  /** What a thread does for its column and block of rows. */
  private interface Sums {
    void add(Local column, Local firstRow, List<Local> sums);
  }

  private PushAt tileAt(String tile, int first) {
    int columns = method.kernel().tile(tile).columns();
    return (row, column) ->
        method.load(
            tile,
            () -> {
              row.run();
              writer.times(columns);
              column.run();
              writer.plus();
              if (first > 0) {
                writer.push(first).plus();
              }
            });
  }

  private PushAt viewAt(UniformPhase.Window window) {
    ViewIndex index = new ViewIndex(method, window);
    return (row, column) -> method.get(window.view().buffer(), () -> index.push(row, column));
  }

  private void pushRow(Local firstRow, int row) {
    writer.push(firstRow);
    if (row > 0) {
      writer.push(row).plus();
    }
  }

  private void share(Shares shares, boolean accumulate, Sums body) {
    int columns = shares.columns();
    method.share(
        shares.count(),
        share -> {
          writer.enter();
          Local column = writer.push(share).remainderOf(columns).declareInt("column");
          Local firstRow =
              writer.push(share).dividedBy(columns).times(shares.rows()).declareInt("row");
          List<Local> sums = new ArrayList<>();
          for (int i = 0; i < shares.rows(); i++) {
            int row = i;
            if (accumulate) {
              method.load(shares.target().name(), () -> pushTarget(shares, firstRow, row, column));
            } else {
              code.fconst_0();
            }
            sums.add(writer.declareFloat("sum" + i));
          }
          body.add(column, firstRow, sums);
          for (int i = 0; i < shares.rows(); i++) {
            int row = i;
            method.store(
                shares.target().name(),
                () -> pushTarget(shares, firstRow, row, column),
                () -> writer.push(sums.get(row)));
          }
          writer.exit();
        });
  }

  private void pushTarget(Shares shares, Local firstRow, int row, Local column) {
    pushRow(firstRow, row);
    writer.times(shares.target().columns()).push(column).plus();
    if (shares.first() > 0) {
      writer.push(shares.first()).plus();
    }
  }

  /** Writes the term for 0 .. length - 1, several in a row where that comes out even. */
  private void terms(int length, int rows, Consumer<Runnable> term) {
    int most = UNROLL / rows;
    int step = length % most == 0 ? most : 1;
    writer.push(0);
    writer.loop(
        "term",
        length,
        step,
        first -> {
          for (int i = 0; i < step; i++) {
            int place = i;
            writer.enter();
            term.accept(
                () -> {
                  writer.push(first);
                  if (place > 0) {
                    writer.push(place).plus();
                  }
                });
            writer.exit();
          }
        });
  }

  private void addProduct(Local sum, Local factor) {
    writer.push(factor);
    code.fmul();
    writer.push(sum);
    code.fadd();
    writer.store(sum);
  }

  private void term(List<Local> sums, Operand left, Runnable right) {
    right.run();
    Local factor = writer.declareFloat("factor");
    for (int i = 0; i < sums.size(); i++) {
      left.push(i);
      addProduct(sums.get(i), factor);
    }
  }

  /**
   * A term that loads the right factor only where a left one is not 0. A branch, not a select: a
   * compiler that assumes there is no NaN may turn {@code p == 0 ? 0 : p * v} into {@code p * v}.
   */
  private void guardedTerm(List<Local> sums, Operand left, Runnable right) {
    List<Local> weights = new ArrayList<>();
    Label counts = code.newLabel();
    Label end = code.newLabel();
    for (int i = 0; i < sums.size(); i++) {
      left.push(i);
      weights.add(writer.declareFloat("weight" + i));
    }
    for (Local weight : weights) {
      writer.push(weight);
      code.fconst_0().fcmpl().ifne(counts);
    }
    code.goto_(end).labelBinding(counts);
    right.run();
    Local factor = writer.declareFloat("factor");
    for (int i = 0; i < sums.size(); i++) {
      Label next = code.newLabel();
      if (sums.size() > 1) {
        writer.push(weights.get(i));
        code.fconst_0().fcmpl().ifeq(next);
      }
      writer.push(weights.get(i));
      addProduct(sums.get(i), factor);
      code.labelBinding(next);
    }
    code.labelBinding(end);
  }
}
