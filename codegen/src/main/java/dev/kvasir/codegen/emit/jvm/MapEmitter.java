package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.TileExpression.BinaryOperator;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;

/** Pointwise phases: the whole expression of a map in one loop body, in registers. */
final class MapEmitter {

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

  private final Emission emission;
  private final Kernel kernel;

  MapEmitter(Emission emission, Kernel kernel) {
    this.emission = emission;
    this.kernel = kernel;
  }

  /** Writes the phase of a map and returns its name. */
  String map(Statement.Map map, PhaseArguments arguments) {
    registerUniforms(map.value(), arguments);
    Kernel.Tile tile = kernel.tile(map.tile());
    return emission.method(
        "map",
        arguments.type(),
        code -> {
          int lanes = usesLogarithm(map.value()) ? 1 : emission.lanes();
          int whole = tile.columns() / lanes * lanes;
          Emission.loop(
              code,
              0,
              tile.rows(),
              1,
              row -> {
                Emission.loop(
                    code,
                    0,
                    whole,
                    lanes,
                    column -> new Body(code, lanes, arguments, row, column).write(tile, map));
                Emission.loop(
                    code,
                    whole,
                    tile.columns(),
                    1,
                    column -> new Body(code, 1, arguments, row, column).write(tile, map));
              });
          code.return_();
        });
  }

  /** Vector logarithms differ between compiled and interpreted code; scalar ones do not. */
  private static boolean usesLogarithm(TileExpression expression) {
    return switch (expression) {
      case TileExpression.Unary unary ->
          unary.operator() == TileExpression.UnaryOperator.LOG2 || usesLogarithm(unary.operand());
      case TileExpression.Binary binary ->
          usesLogarithm(binary.left()) || usesLogarithm(binary.right());
      case TileExpression.Select select ->
          usesLogarithm(select.condition())
              || usesLogarithm(select.whenTrue())
              || usesLogarithm(select.whenFalse());
      case TileExpression.FloatConstant _,
          TileExpression.Element _,
          TileExpression.Uniform _,
          TileExpression.RowIndex _,
          TileExpression.ColumnIndex _ ->
          false;
    };
  }

  private static void registerUniforms(TileExpression expression, PhaseArguments arguments) {
    switch (expression) {
      case TileExpression.Uniform uniform -> arguments.uniform(uniform.value());
      case TileExpression.Unary unary -> registerUniforms(unary.operand(), arguments);
      case TileExpression.Binary binary -> {
        registerUniforms(binary.left(), arguments);
        registerUniforms(binary.right(), arguments);
      }
      case TileExpression.Select select -> {
        registerUniforms(select.condition(), arguments);
        registerUniforms(select.whenTrue(), arguments);
        registerUniforms(select.whenFalse(), arguments);
      }
      case TileExpression.FloatConstant _,
          TileExpression.Element _,
          TileExpression.RowIndex _,
          TileExpression.ColumnIndex _ -> {}
    }
  }

  /** One loop body: {@code lanes} elements at (row, column). */
  private final class Body {
    private final CodeBuilder code;
    private final Lanes lanes;
    private final PhaseArguments arguments;
    private final int row;
    private final int column;

    Body(CodeBuilder code, int lanes, PhaseArguments arguments, int row, int column) {
      this.code = code;
      this.lanes = new Lanes(code, lanes);
      this.arguments = arguments;
      this.row = row;
      this.column = column;
    }

    void write(Kernel.Tile tile, Statement.Map map) {
      emit(map.value());
      switch (tile.type()) {
        case F32 -> lanes.storeFloats(PhaseArguments.FLOATS, () -> pushIndex(tile));
        case I32 -> lanes.storeInts(PhaseArguments.INTS, () -> pushIndex(tile));
      }
    }

    private void pushIndex(Kernel.Tile tile) {
      int offset = emission.frame().offset(tile.name());
      Emission.pushInt(code, -1, offset, tile.rows() == 1 ? -1 : row, tile.columns());
      if (tile.columns() > 1) {
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
        case TileExpression.Element element -> element(kernel.tile(element.tile()));
        case TileExpression.Uniform uniform -> {
          code.iload(arguments.uniform(uniform.value()));
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

    private Kind element(Kernel.Tile tile) {
      boolean broadcast = tile.columns() == 1;
      Lanes width = broadcast ? new Lanes(code, 1) : lanes;
      return switch (tile.type()) {
        case F32 -> {
          width.loadFloats(PhaseArguments.FLOATS, () -> pushIndex(tile));
          if (broadcast) {
            lanes.broadcastFloat();
          }
          yield Kind.FLOAT;
        }
        case I32 -> {
          width.loadInts(PhaseArguments.INTS, () -> pushIndex(tile));
          if (broadcast) {
            lanes.broadcastInt();
          }
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
        case TO_FLOAT -> {
          if (lanes.isVector()) {
            lanes.operator(CONVERSION, "I2F");
            lanes.floatSpecies();
            code.iconst_0()
                .invokevirtual(INT_VECTOR, "convertShape", CONVERT_SHAPE)
                .checkcast(FLOAT_VECTOR);
          } else {
            code.i2f();
          }
        }
      }
      return Kind.FLOAT;
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
