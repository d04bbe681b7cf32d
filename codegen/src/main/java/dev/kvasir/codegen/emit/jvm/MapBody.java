package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel.TileType;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.TileExpression.BinaryOperator;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
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

  /** exp2 is exact to 2.1e-7 on [-126, 126]: a polynomial on the fraction, bits for the rest. */
  private static final float[] EXP2 = {
    0.0013276471f, 0.009675542f, 0.05550713f, 0.2402212f, 0.69314694f, 1.0000001f
  };

  private static final float ROUND_TO_INTEGER = 12582912f;
  private static final float EXP2_LIMIT = 126f;
  private static final int ONE_BITS = 0x3f800000;

  /** What an emitted expression left on the stack. */
  private enum Kind {
    FLOAT,
    INT,
    /** A mask over float lanes, or 0 and 1. */
    FLOAT_TRUTH,
    /** A mask over int lanes, or 0 and 1. */
    INT_TRUTH
  }

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
    private final int row;
    private final int column;

    Body(CodeBuilder code, int lanes, int row, int column) {
      this.code = code;
      this.lanes = new Lanes(code, lanes);
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
      switch (unary.operator()) {
        case EXP2 -> exp2();
        case LOG2 -> log2();
        case RSQRT -> reciprocalSquareRoot();
        case TO_FLOAT -> lanes.toFloats();
        case RINT -> nearestInteger();
        case ROUND_TO_HALF -> roundToHalf();
      }
      return Kind.FLOAT;
    }

    private void nearestInteger() {
      if (lanes.isVector()) {
        code.loadConstant(ROUND_TO_INTEGER)
            .invokevirtual(FLOAT_VECTOR, "add", FLOAT_WITH_FLOAT)
            .loadConstant(ROUND_TO_INTEGER)
            .invokevirtual(FLOAT_VECTOR, "sub", FLOAT_WITH_FLOAT);
      } else {
        code.loadConstant(ROUND_TO_INTEGER).fadd().loadConstant(ROUND_TO_INTEGER).fsub();
      }
    }

    private void roundToHalf() {
      if (lanes.isVector()) {
        throw new IllegalStateException("f16 rounding has no vector form");
      }
      code.invokestatic(FLOAT, "floatToFloat16", FLOAT_TO_HALF)
          .invokestatic(FLOAT, "float16ToFloat", HALF_TO_FLOAT);
    }

    private void exp2() {
      TypeKind kind = lanes.floatKind();
      int x = code.allocateLocal(kind);
      int rounded = code.allocateLocal(kind);
      int polynomial = code.allocateLocal(kind);
      if (lanes.isVector()) {
        vectorExp2(x, rounded, polynomial);
      } else {
        scalarExp2(x, rounded, polynomial);
      }
    }

    private void vectorExp2(int x, int rounded, int polynomial) {
      int below = code.allocateLocal(TypeKind.REFERENCE);
      code.astore(x);
      compareWith(x, "LT", -EXP2_LIMIT);
      code.astore(below);
      code.aload(x).loadConstant(-EXP2_LIMIT).aload(below);
      code.invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND_SCALAR).astore(x);
      code.aload(x).loadConstant(EXP2_LIMIT);
      compareWith(x, "GT", EXP2_LIMIT);
      code.invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND_SCALAR).astore(x);
      code.aload(x)
          .loadConstant(ROUND_TO_INTEGER)
          .invokevirtual(FLOAT_VECTOR, "add", FLOAT_WITH_FLOAT)
          .astore(rounded);
      code.aload(x)
          .aload(rounded)
          .loadConstant(ROUND_TO_INTEGER)
          .invokevirtual(FLOAT_VECTOR, "sub", FLOAT_WITH_FLOAT)
          .invokevirtual(FLOAT_VECTOR, "sub", FLOAT_WITH_VECTOR)
          .astore(x);
      horner(x, polynomial);
      code.aload(polynomial)
          .aload(rounded)
          .invokevirtual(FLOAT_VECTOR, "reinterpretAsInts", INT_SELF);
      lanes.operator(BINARY, "LSHL");
      code.loadConstant(23).invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR);
      lanes.operator(ASSOCIATIVE, "ADD");
      code.loadConstant(ONE_BITS)
          .invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_SCALAR)
          .invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF)
          .invokevirtual(FLOAT_VECTOR, "mul", FLOAT_WITH_VECTOR)
          .fconst_0()
          .aload(below)
          .invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND_SCALAR);
    }

    private void scalarExp2(int x, int rounded, int polynomial) {
      Label inRange = code.newLabel();
      Label end = code.newLabel();
      code.fstore(x).fload(x).loadConstant(-EXP2_LIMIT).fcmpg().ifge(inRange);
      code.fconst_0().goto_(end).labelBinding(inRange);
      code.fload(x).loadConstant(EXP2_LIMIT).invokestatic(MATH, "min", FLOATS_TO_FLOAT).fstore(x);
      code.fload(x).loadConstant(ROUND_TO_INTEGER).fadd().fstore(rounded);
      code.fload(x).fload(rounded).loadConstant(ROUND_TO_INTEGER).fsub().fsub().fstore(x);
      horner(x, polynomial);
      code.fload(polynomial)
          .fload(rounded)
          .invokestatic(FLOAT, "floatToRawIntBits", FLOAT_TO_BITS)
          .loadConstant(23)
          .ishl()
          .loadConstant(ONE_BITS)
          .iadd()
          .invokestatic(FLOAT, "intBitsToFloat", BITS_TO_FLOAT)
          .fmul()
          .labelBinding(end);
    }

    private void compareWith(int vector, String comparison, float value) {
      code.aload(vector);
      lanes.operator(COMPARISON, comparison);
      code.loadConstant(value).invokevirtual(FLOAT_VECTOR, "compare", COMPARE_FLOAT);
    }

    /** polynomial = EXP2 at x, highest power first. */
    private void horner(int x, int polynomial) {
      TypeKind kind = lanes.floatKind();
      code.loadConstant(EXP2[0]);
      lanes.broadcastFloat();
      code.storeLocal(kind, polynomial);
      for (int power = 1; power < EXP2.length; power++) {
        code.loadLocal(kind, polynomial).loadLocal(kind, x).loadConstant(EXP2[power]);
        lanes.broadcastFloat();
        lanes.fma();
        code.storeLocal(kind, polynomial);
      }
    }

    private void log2() {
      code.f2d()
          .invokestatic(MATH, "log", DOUBLE_TO_DOUBLE)
          .loadConstant(1.0 / Math.log(2.0))
          .dmul()
          .d2f();
    }

    private void reciprocalSquareRoot() {
      if (lanes.isVector()) {
        int root = code.allocateLocal(TypeKind.REFERENCE);
        code.invokevirtual(FLOAT_VECTOR, "sqrt", FLOAT_SELF).astore(root);
        code.fconst_1();
        lanes.broadcastFloat();
        code.aload(root).invokevirtual(FLOAT_VECTOR, "div", FLOAT_WITH_VECTOR);
      } else {
        int root = code.allocateLocal(TypeKind.DOUBLE);
        code.f2d().invokestatic(MATH, "sqrt", DOUBLE_TO_DOUBLE).dstore(root);
        code.dconst_1().dload(root).ddiv().d2f();
      }
    }

    private Kind binary(TileExpression.Binary binary) {
      Kind left = emit(binary.left());
      BinaryOperator operator = binary.operator();
      if (operator == BinaryOperator.AND || operator == BinaryOperator.OR) {
        toIntTruth(left);
        toIntTruth(emit(binary.right()));
        boolean and = operator == BinaryOperator.AND;
        if (lanes.isVector()) {
          code.invokevirtual(MASK, and ? "and" : "or", MASK_WITH_MASK);
        } else if (and) {
          code.iand();
        } else {
          code.ior();
        }
        return Kind.INT_TRUTH;
      }
      emit(binary.right());
      if (operator.isTruth()) {
        compare(operator, left);
        return left == Kind.FLOAT ? Kind.FLOAT_TRUTH : Kind.INT_TRUTH;
      }
      if (lanes.isVector()) {
        vectorArithmetic(operator, left);
      } else {
        scalarArithmetic(operator, left);
      }
      return left;
    }

    private void vectorArithmetic(BinaryOperator operator, Kind kind) {
      String name =
          switch (operator) {
            case ADD -> "add";
            case SUBTRACT -> "sub";
            case MULTIPLY -> "mul";
            case DIVIDE -> "div";
            case MINIMUM -> "min";
            case MAXIMUM -> "max";
            case LESS, LESS_OR_EQUAL, EQUAL, AND, OR ->
                throw new IllegalStateException("a truth value is not arithmetic");
          };
      if (kind == Kind.FLOAT) {
        code.invokevirtual(FLOAT_VECTOR, name, FLOAT_WITH_VECTOR);
      } else {
        code.invokevirtual(INT_VECTOR, name, INT_WITH_VECTOR);
      }
    }

    private void scalarArithmetic(BinaryOperator operator, Kind kind) {
      boolean isFloat = kind == Kind.FLOAT;
      switch (operator) {
        case ADD -> code.with(plain(isFloat ? Opcode.FADD : Opcode.IADD));
        case SUBTRACT -> code.with(plain(isFloat ? Opcode.FSUB : Opcode.ISUB));
        case MULTIPLY -> code.with(plain(isFloat ? Opcode.FMUL : Opcode.IMUL));
        case DIVIDE -> code.with(plain(isFloat ? Opcode.FDIV : Opcode.IDIV));
        case MINIMUM -> code.invokestatic(MATH, "min", isFloat ? FLOATS_TO_FLOAT : INTS_TO_INT);
        case MAXIMUM -> code.invokestatic(MATH, "max", isFloat ? FLOATS_TO_FLOAT : INTS_TO_INT);
        case LESS, LESS_OR_EQUAL, EQUAL, AND, OR ->
            throw new IllegalStateException("a truth value is not arithmetic");
      }
    }

    private static java.lang.classfile.instruction.OperatorInstruction plain(Opcode opcode) {
      return java.lang.classfile.instruction.OperatorInstruction.of(opcode);
    }

    private void compare(BinaryOperator operator, Kind kind) {
      if (lanes.isVector()) {
        int right = code.allocateLocal(TypeKind.REFERENCE);
        code.astore(right);
        lanes.operator(
            COMPARISON,
            switch (operator) {
              case LESS -> "LT";
              case LESS_OR_EQUAL -> "LE";
              default -> "EQ";
            });
        code.aload(right)
            .invokevirtual(kind == Kind.FLOAT ? FLOAT_VECTOR : INT_VECTOR, "compare", COMPARE);
        return;
      }
      Label holds = code.newLabel();
      Label end = code.newLabel();
      if (kind == Kind.FLOAT) {
        code.fcmpg();
        switch (operator) {
          case LESS -> code.iflt(holds);
          case LESS_OR_EQUAL -> code.ifle(holds);
          default -> code.ifeq(holds);
        }
      } else {
        switch (operator) {
          case LESS -> code.if_icmplt(holds);
          case LESS_OR_EQUAL -> code.if_icmple(holds);
          default -> code.if_icmpeq(holds);
        }
      }
      code.iconst_0().goto_(end).labelBinding(holds).iconst_1().labelBinding(end);
    }

    private void toIntTruth(Kind kind) {
      if (lanes.isVector() && kind == Kind.FLOAT_TRUTH) {
        lanes.intSpecies();
        code.invokevirtual(MASK, "cast", MASK_CAST);
      }
    }

    private Kind select(TileExpression.Select select) {
      if (!lanes.isVector()) {
        return scalarSelect(select);
      }
      Kind kind = emit(select.whenFalse());
      emit(select.whenTrue());
      Kind truth = emit(select.condition());
      boolean isFloat = kind == Kind.FLOAT;
      if (isFloat != (truth == Kind.FLOAT_TRUTH)) {
        if (isFloat) {
          lanes.floatSpecies();
        } else {
          lanes.intSpecies();
        }
        code.invokevirtual(MASK, "cast", MASK_CAST);
      }
      if (isFloat) {
        code.invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND);
      } else {
        code.invokevirtual(INT_VECTOR, "blend", INT_BLEND);
      }
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
