package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import dev.kvasir.ir.kernel.Statement.TilePart;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;
import java.util.List;

/**
 * A reduction of a tile along one axis. Extents and places are parameters, so that all tiles share
 * the loop.
 *
 * <p>No vector is carried around a loop: whether the just-in-time compiler keeps such a vector in a
 * register depends on what it had seen when it compiled the method, and where it does not, every
 * call allocates. A block of vectors is joined in registers, and blocks meet in memory.
 *
 * @param operator how elements join
 * @param along over which axis
 * @param lanes lanes of a vector
 * @param block vectors of a row that are joined at once; 0 when a row has no whole vector
 * @param blocks whether a row has more than one block
 * @param rest whether a row has elements behind its whole vectors
 */
record ReduceBody(
    ReduceOperator operator, Along along, int lanes, int block, boolean blocks, boolean rest) {

  private static final int MOST_VECTORS = 8;

  private static final int ROWS = 2;
  private static final int WHOLE = 3;
  private static final int COLUMNS = 4;
  private static final int FROM = 5;
  private static final int STRIDE = 6;
  private static final int TO = 7;
  private static final int TARGET_STRIDE = 8;

  /**
   * (tile floats, tile ints, rows, columns in whole vectors, columns, source, row distance of the
   * source, target, row distance of the target).
   */
  private static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(
          CD_void, FLOAT_ARRAY, INT_ARRAY, CD_int, CD_int, CD_int, CD_int, CD_int, CD_int, CD_int);

  /** {@return the call of a reduction's loop} */
  static SharedCall reduce(Statement.Reduce reduce, Emission emission, Kernel kernel) {
    Kernel.Tile source = kernel.tile(reduce.source().tile());
    Kernel.Tile target = kernel.tile(reduce.tile().tile());
    int columns = reduce.source().columnsOf(source);
    int whole = columns / emission.lanes() * emission.lanes();
    ReduceBody body =
        new ReduceBody(
            reduce.operator(),
            reduce.along(),
            emission.lanes(),
            block(whole / emission.lanes()),
            whole / emission.lanes() > MOST_VECTORS,
            whole < columns);
    return new SharedCall(
        emission.shared("reduce", body, TYPE, body::write),
        List.of(
            IntExpression.constant(source.rows()),
            IntExpression.constant(whole),
            IntExpression.constant(columns),
            offset(emission, reduce.source()),
            IntExpression.constant(source.columns()),
            offset(emission, reduce.tile()),
            IntExpression.constant(target.columns())));
  }

  private static IntExpression offset(Emission emission, TilePart part) {
    return IntExpression.constant(emission.frame().offset(part.tile()) + part.first());
  }

  /** The largest divisor of a row's vectors up to 8. */
  private static int block(int vectors) {
    int block = Math.min(MOST_VECTORS, vectors);
    while (block > 1 && vectors % block != 0) {
      block--;
    }
    return block;
  }

  private void write(CodeBuilder code) {
    boolean columns = along == Along.COLUMNS;
    switch (operator) {
      case SUM, MAXIMUM, MINIMUM -> {
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
    switch (operator) {
      case SUM -> width.add();
      case MAXIMUM -> width.maximum();
      case MINIMUM -> width.minimum();
      case ARGMAX -> throw new IllegalStateException("argmax joins no vectors");
    }
  }

  /** Pushes FROM + row * STRIDE + column + offset; a negative row or column is 0. */
  private static void pushAt(CodeBuilder code, int row, int column, int offset) {
    code.iload(FROM).loadConstant(offset).iadd();
    if (row >= 0) {
      code.iload(row).iload(STRIDE).imul().iadd();
    }
    if (column >= 0) {
      code.iload(column).iadd();
    }
  }

  private static void pushTargetRow(CodeBuilder code, int row) {
    code.iload(TO).iload(row).iload(TARGET_STRIDE).imul().iadd();
  }

  private static void pushTargetColumn(CodeBuilder code, int column) {
    code.iload(TO).iload(column).iadd();
  }

  private void alongColumns(CodeBuilder code) {
    Lanes scalar = new Lanes(code, 1);
    Emission.loop(
        code,
        () -> code.loadConstant(0),
        ROWS,
        1,
        row -> {
          int total = code.allocateLocal(TypeKind.FLOAT);
          if (block > 0) {
            joinVectors(code, row);
          } else {
            scalar.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, -1, 0));
          }
          code.fstore(total);
          if (rest) {
            Emission.loop(
                code,
                () -> {
                  if (block > 0) {
                    code.iload(WHOLE);
                  } else {
                    code.loadConstant(1);
                  }
                },
                COLUMNS,
                1,
                column -> {
                  code.fload(total);
                  scalar.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, column, 0));
                  join(scalar);
                  code.fstore(total);
                });
          }
          code.fload(total);
          scalar.storeFloats(PhaseArguments.FLOATS, () -> pushTargetRow(code, row));
        });
  }

  /** Leaves the joined vectors of a row on the stack, as one float. */
  private void joinVectors(CodeBuilder code, int row) {
    Lanes vector = new Lanes(code, lanes);
    vector.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, -1, 0));
    for (int number = 1; number < block; number++) {
      joinVector(code, vector, row, -1, number);
    }
    if (blocks) {
      vector.storeReduction();
      Emission.loop(
          code,
          () -> code.loadConstant(block * lanes),
          WHOLE,
          block * lanes,
          column -> {
            vector.loadReduction(0);
            for (int number = 0; number < block; number++) {
              joinVector(code, vector, row, column, number);
            }
            vector.storeReduction();
          });
      vector.loadReduction(0);
    }
    switch (operator) {
      case SUM -> vector.sumLanes();
      case MAXIMUM -> vector.maximumLane();
      case MINIMUM -> vector.minimumLane();
      case ARGMAX -> throw new IllegalStateException("argmax joins no vectors");
    }
  }

  private void joinVector(CodeBuilder code, Lanes vector, int row, int column, int number) {
    vector.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, column, number * lanes));
    join(vector);
  }

  private void alongRows(CodeBuilder code) {
    if (block > 0) {
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
          width.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, -1, column, 0));
          width.storeFloats(PhaseArguments.FLOATS, () -> pushTargetColumn(code, column));
          Emission.loop(
              code,
              () -> code.loadConstant(1),
              ROWS,
              1,
              row -> {
                width.loadFloats(PhaseArguments.FLOATS, () -> pushTargetColumn(code, column));
                width.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, column, 0));
                join(width);
                width.storeFloats(PhaseArguments.FLOATS, () -> pushTargetColumn(code, column));
              });
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
          scalar.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, -1, 0));
          code.fstore(best).iconst_0().istore(index);
          Emission.loop(
              code,
              () -> code.loadConstant(1),
              COLUMNS,
              1,
              column -> {
                Label next = code.newLabel();
                scalar.loadFloats(PhaseArguments.FLOATS, () -> pushAt(code, row, column, 0));
                code.fstore(value).fload(value).fload(best).fcmpl().ifle(next);
                code.fload(value).fstore(best).iload(column).istore(index).labelBinding(next);
              });
          code.iload(index);
          scalar.storeInts(PhaseArguments.INTS, () -> pushTargetRow(code, row));
        });
  }
}
