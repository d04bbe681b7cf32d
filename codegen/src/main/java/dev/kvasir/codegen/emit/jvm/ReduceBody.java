package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;
import java.util.List;

/**
 * A reduction of a tile along one axis. Extents and places are parameters, so that all tiles share
 * the loop.
 *
 * @param operator how elements join
 * @param along over which axis
 * @param lanes lanes of a vector
 * @param whole whether a row has whole vectors
 * @param rest whether a row has elements behind them
 */
record ReduceBody(ReduceOperator operator, Along along, int lanes, boolean whole, boolean rest) {

  private static final int ROWS = 2;
  private static final int WHOLE = 3;
  private static final int COLUMNS = 4;
  private static final int FROM = 5;
  private static final int TO = 6;

  /** (tile floats, tile ints, rows, columns in whole vectors, columns, source, target). */
  private static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(CD_void, FLOAT_ARRAY, INT_ARRAY, CD_int, CD_int, CD_int, CD_int, CD_int);

  /** {@return the call of a reduction's loop} */
  static SharedCall reduce(Statement.Reduce reduce, Emission emission, Kernel kernel) {
    Kernel.Tile source = kernel.tile(reduce.source());
    int whole = source.columns() / emission.lanes() * emission.lanes();
    ReduceBody body =
        new ReduceBody(
            reduce.operator(),
            reduce.along(),
            emission.lanes(),
            whole > 0,
            whole < source.columns());
    return new SharedCall(
        emission.shared("reduce", body, TYPE, body::write),
        List.of(
            IntExpression.constant(source.rows()),
            IntExpression.constant(whole),
            IntExpression.constant(source.columns()),
            IntExpression.constant(emission.frame().offset(reduce.source())),
            IntExpression.constant(emission.frame().offset(reduce.tile()))));
  }

  private void write(CodeBuilder code) {
    boolean columns = along == Along.COLUMNS;
    switch (operator) {
      case SUM, MAXIMUM -> {
        if (columns) {
          alongColumns(code);
        } else {
          alongRows(code);
        }
      }
      case ARGMAX -> {
        if (!columns) {
          throw new IllegalStateException("argmax runs along columns");
        }
        argmax(code);
      }
    }
    code.return_();
  }

  private void join(Lanes width) {
    if (operator == ReduceOperator.SUM) {
      width.add();
    } else {
      width.maximum();
    }
  }

  /** Pushes FROM + row * columns + column; a negative row or column is 0. */
  private static void pushAt(CodeBuilder code, int row, int column) {
    code.iload(FROM);
    if (row >= 0) {
      code.iload(row).iload(COLUMNS).imul().iadd();
    }
    if (column >= 0) {
      code.iload(column).iadd();
    }
  }

  private static void pushTarget(CodeBuilder code, int index) {
    code.iload(TO).iload(index).iadd();
  }

  private void alongColumns(CodeBuilder code) {
    Lanes first = new Lanes(code, whole ? lanes : 1);
    Lanes scalar = new Lanes(code, 1);
    Emission.loop(
        code,
        () -> code.loadConstant(0),
        ROWS,
        1,
        row -> {
          int running = code.allocateLocal(first.floatKind());
          first.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, -1));
          code.storeLocal(first.floatKind(), running);
          if (whole) {
            Emission.loop(
                code,
                () -> code.loadConstant(lanes),
                WHOLE,
                lanes,
                column -> joinElement(code, first, running, row, column));
          }
          int total = code.allocateLocal(TypeKind.FLOAT);
          code.loadLocal(first.floatKind(), running);
          if (operator == ReduceOperator.SUM) {
            first.sumLanes();
          } else {
            first.maximumLane();
          }
          code.fstore(total);
          if (rest) {
            Emission.loop(
                code,
                () -> {
                  if (whole) {
                    code.iload(WHOLE);
                  } else {
                    code.loadConstant(1);
                  }
                },
                COLUMNS,
                1,
                column -> joinElement(code, scalar, total, row, column));
          }
          code.fload(total);
          scalar.storeFloats(PhaseArguments.FLOATS, () -> pushTarget(code, row));
        });
  }

  private void joinElement(CodeBuilder code, Lanes width, int running, int row, int column) {
    code.loadLocal(width.floatKind(), running);
    width.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, column));
    join(width);
    code.storeLocal(width.floatKind(), running);
  }

  private void alongRows(CodeBuilder code) {
    if (whole) {
      columnsAtOnce(code, new Lanes(code, lanes), () -> code.loadConstant(0), WHOLE);
    }
    if (rest) {
      columnsAtOnce(code, new Lanes(code, 1), () -> code.iload(WHOLE), COLUMNS);
    }
  }

  private void columnsAtOnce(CodeBuilder code, Lanes width, Runnable from, int to) {
    Emission.loop(
        code,
        from,
        to,
        width.count(),
        column -> {
          int running = code.allocateLocal(width.floatKind());
          width.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, -1, column));
          code.storeLocal(width.floatKind(), running);
          Emission.loop(
              code,
              () -> code.loadConstant(1),
              ROWS,
              1,
              row -> joinElement(code, width, running, row, column));
          code.loadLocal(width.floatKind(), running);
          width.storeFloats(PhaseArguments.FLOATS, () -> pushTarget(code, column));
        });
  }

  private static void argmax(CodeBuilder code) {
    Lanes scalar = new Lanes(code, 1);
    Emission.loop(
        code,
        () -> code.loadConstant(0),
        ROWS,
        1,
        row -> {
          int best = code.allocateLocal(TypeKind.FLOAT);
          int index = code.allocateLocal(TypeKind.INT);
          int value = code.allocateLocal(TypeKind.FLOAT);
          scalar.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, -1));
          code.fstore(best).iconst_0().istore(index);
          Emission.loop(
              code,
              () -> code.loadConstant(1),
              COLUMNS,
              1,
              column -> {
                Label next = code.newLabel();
                scalar.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, column));
                code.fstore(value).fload(value).fload(best).fcmpl().ifle(next);
                code.fload(value).fstore(best).iload(column).istore(index).labelBinding(next);
              });
          code.iload(index);
          scalar.storeInts(PhaseArguments.INTS, () -> pushTarget(code, row));
        });
  }
}
