package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.codegen.emit.jvm.OperatorLanes.Kind;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel.TileType;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.TileExpression.BinaryOperator;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A pointwise loop: the whole expression of a map in one loop body, in registers. Extents, places
 * and uniform integers are parameters, so that equal expressions over other tiles share the loop.
 *
 * @param value what is computed; tiles and uniform integers are named by their number
 * @param tiles how each tile is walked, the target first
 * @param uniforms uniform integers
 * @param lanes lanes of a vector, 1 for none
 * @param whole whether there are whole vectors
 * @param rest whether there are elements behind them
 */
record MapBody(
    TileExpression value,
    List<TileUse> tiles,
    int uniforms,
    int lanes,
    boolean whole,
    boolean rest) {

  /**
   * How a tile is walked.
   *
   * @param type what it holds
   * @param manyRows whether it has a row for each row of the target
   * @param manyColumns whether it has a column for each column of the target
   */
  record TileUse(TileType type, boolean manyRows, boolean manyColumns) {}

  private static final int TARGET = 0;
  private static final int ROWS = 2;
  private static final int WHOLE = 3;
  private static final int COLUMNS = 4;
  private static final int FIRST_OFFSET = 5;

  /**
   * (tile floats, tile ints, rows, columns in whole vectors, columns, place of each tile,
   * uniforms).
   */
  MethodTypeDesc type() {
    List<ClassDesc> parameters = new ArrayList<>(List.of(FLOAT_ARRAY, INT_ARRAY));
    parameters.addAll(Collections.nCopies(3 + tiles.size() + uniforms, CD_int));
    return MethodTypeDesc.of(CD_void, parameters);
  }

  private int uniformSlot(IntExpression number) {
    if (number instanceof IntExpression.Variable variable) {
      return FIRST_OFFSET + tiles.size() + Integer.parseInt(variable.name());
    }
    throw new IllegalStateException("a uniform integer is named by its number, got " + number);
  }

  void write(CodeBuilder code) {
    Emission.loop(
        code,
        () -> code.loadConstant(0),
        ROWS,
        1,
        row -> {
          if (whole) {
            Emission.loop(
                code,
                () -> code.loadConstant(0),
                WHOLE,
                lanes,
                column -> new Body(code, lanes, row, column).write());
          }
          if (rest) {
            Emission.loop(
                code,
                () -> code.iload(WHOLE),
                COLUMNS,
                1,
                column -> new Body(code, 1, row, column).write());
          }
        });
    code.return_();
  }

  /** One loop body: {@code lanes} elements at (row, column). */
  private final class Body {
    private final CodeBuilder code;
    private final Lanes lanes;
    private final OperatorLanes operators;
    private final int row;
    private final int column;

    Body(CodeBuilder code, int lanes, int row, int column) {
      this.code = code;
      this.lanes = new Lanes(code, lanes);
      this.operators = new OperatorLanes(code, this.lanes);
      this.row = row;
      this.column = column;
    }

    void write() {
      emit(value);
      switch (tiles.getFirst().type()) {
        case F32 -> lanes.storeFloats(PhaseArguments.FLOATS, () -> pushIndex(TARGET));
        case I32 -> lanes.storeInts(PhaseArguments.INTS, () -> pushIndex(TARGET));
      }
    }

    private void pushIndex(int number) {
      TileUse tile = tiles.get(number);
      code.iload(FIRST_OFFSET + number);
      if (tile.manyRows()) {
        code.iload(row);
        if (tile.manyColumns()) {
          code.iload(COLUMNS).imul();
        }
        code.iadd();
      }
      if (tile.manyColumns()) {
        code.iload(column).iadd();
      }
    }

    private Kind emit(TileExpression expression) {
      return switch (expression) {
        case TileExpression.FloatConstant constant -> {
          code.loadConstant(constant.value());
          lanes.broadcastFloat();
          yield Kind.FLOAT;
        }
        case TileExpression.Element element -> element(Integer.parseInt(element.tile()));
        case TileExpression.Spread spread ->
            spread(Integer.parseInt(spread.tile()), spread.width());
        case TileExpression.Uniform uniform -> {
          code.iload(uniformSlot(uniform.value()));
          lanes.broadcastInt();
          yield Kind.INT;
        }
        case TileExpression.RowIndex _ -> {
          code.iload(row);
          lanes.broadcastInt();
          yield Kind.INT;
        }
        case TileExpression.ColumnIndex _ -> {
          code.iload(column);
          if (lanes.isVector()) {
            lanes.broadcastInt();
            code.iconst_1().invokevirtual(INT_VECTOR, "addIndex", INT_WITH_INT);
          }
          yield Kind.INT;
        }
        case TileExpression.Quotient(TileExpression dividend, int divisor) -> {
          emit(dividend);
          lanes.floorDivide(divisor);
          yield Kind.INT;
        }
        case TileExpression.Remainder(TileExpression dividend, int divisor) -> {
          emit(dividend);
          lanes.modulo(divisor);
          yield Kind.INT;
        }
        case TileExpression.Unary unary -> unary(unary);
        case TileExpression.Binary binary -> binary(binary);
        case TileExpression.Select select -> select(select);
      };
    }

    private Kind element(int number) {
      TileUse tile = tiles.get(number);
      boolean broadcast = !tile.manyColumns();
      Lanes width = broadcast ? new Lanes(code, 1) : lanes;
      return switch (tile.type()) {
        case F32 -> {
          width.loadFloats(PhaseArguments.FLOATS, () -> pushIndex(number));
          if (broadcast) {
            lanes.broadcastFloat();
          }
          yield Kind.FLOAT;
        }
        case I32 -> {
          width.loadInts(PhaseArguments.INTS, () -> pushIndex(number));
          if (broadcast) {
            lanes.broadcastInt();
          }
          yield Kind.INT;
        }
      };
    }

    /** All lanes read one element: runs of {@code width} begin at multiples of every vector. */
    private Kind spread(int number, int width) {
      TileUse tile = tiles.get(number);
      Lanes scalar = new Lanes(code, 1);
      Runnable index =
          () -> {
            code.iload(FIRST_OFFSET + number);
            if (tile.manyRows()) {
              code.iload(row).iload(COLUMNS).loadConstant(width).idiv().imul().iadd();
            }
            code.iload(column).loadConstant(width).idiv().iadd();
          };
      return switch (tile.type()) {
        case F32 -> {
          scalar.loadFloats(PhaseArguments.FLOATS, index);
          lanes.broadcastFloat();
          yield Kind.FLOAT;
        }
        case I32 -> {
          scalar.loadInts(PhaseArguments.INTS, index);
          lanes.broadcastInt();
          yield Kind.INT;
        }
      };
    }

    private Kind unary(TileExpression.Unary unary) {
      emit(unary.operand());
      MathLanes math = new MathLanes(code, lanes);
      switch (unary.operator()) {
        case EXP2 -> math.exp2();
        case LOG2 -> math.log2();
        case RSQRT -> math.reciprocalSquareRoot();
        case TO_FLOAT -> lanes.toFloats();
        case RINT -> math.nearestInteger();
        case ROUND_TO_HALF -> math.roundToHalf();
        case FROM_BITS -> lanes.bitsAsFloats();
      }
      return Kind.FLOAT;
    }

    private Kind binary(TileExpression.Binary binary) {
      Kind left = emit(binary.left());
      BinaryOperator operator = binary.operator();
      if (operator == BinaryOperator.AND || operator == BinaryOperator.OR) {
        operators.toIntTruth(left);
        operators.toIntTruth(emit(binary.right()));
        return operators.join(operator == BinaryOperator.AND);
      }
      emit(binary.right());
      return operators.apply(operator, left);
    }

    private Kind select(TileExpression.Select select) {
      if (!lanes.isVector()) {
        return scalarSelect(select);
      }
      Kind kind = emit(select.whenFalse());
      emit(select.whenTrue());
      Kind truth = emit(select.condition());
      operators.blend(kind, truth);
      return kind;
    }

    private Kind scalarSelect(TileExpression.Select select) {
      Label otherwise = code.newLabel();
      Label end = code.newLabel();
      emit(select.condition());
      code.ifeq(otherwise);
      Kind kind = emit(select.whenTrue());
      code.goto_(end).labelBinding(otherwise);
      emit(select.whenFalse());
      code.labelBinding(end);
      return kind;
    }
  }
}
