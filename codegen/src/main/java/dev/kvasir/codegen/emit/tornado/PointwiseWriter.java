package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.util.Map;

/** Writes the value of a pointwise expression at one place; truth values are 1 and 0. */
final class PointwiseWriter {

  /** What an expression left on the stack. */
  private enum Kind {
    FLOAT,
    INT,
    TRUTH
  }

  private static final float LOG2_E = 1.442695f;

  private final KernelMethod method;
  private final MethodWriter writer;
  private final CodeBuilder code;
  private final Map<IntExpression, Local> uniforms;
  private final Kernel.Tile target;
  private final Runnable element;
  private final Runnable row;
  private final Runnable column;

  /**
   * Writes at one place of {@code target}.
   *
   * @param uniforms where each uniform integer of the expression lies
   * @param element pushes the number of the place
   * @param row pushes its row
   * @param column pushes its column
   */
  PointwiseWriter(
      KernelMethod method,
      Map<IntExpression, Local> uniforms,
      Kernel.Tile target,
      Runnable element,
      Runnable row,
      Runnable column) {
    this.method = method;
    this.writer = method.writer();
    this.code = writer.code();
    this.uniforms = uniforms;
    this.target = target;
    this.element = element;
    this.row = row;
    this.column = column;
  }

  /** {@return whether element e of one tile meets element e of the other} */
  static boolean samePlaces(Kernel.Tile tile, Kernel.Tile target) {
    return tile.rows() == target.rows() && tile.columns() == target.columns();
  }

  /** Pushes the value. */
  void push(TileExpression expression) {
    write(expression);
  }

  private Kind write(TileExpression expression) {
    return switch (expression) {
      case TileExpression.FloatConstant(float value) -> {
        code.loadConstant(value);
        yield Kind.FLOAT;
      }
      case TileExpression.Element(String name) -> element(method.kernel().tile(name));
      case TileExpression.Spread(String name, int width) ->
          spread(method.kernel().tile(name), width);
      case TileExpression.Uniform(IntExpression value) -> {
        Local local = uniforms.get(value);
        if (local == null) {
          throw new IllegalStateException("a uniform integer was not collected");
        }
        writer.push(local);
        yield Kind.INT;
      }
      case TileExpression.RowIndex() -> {
        row.run();
        yield Kind.INT;
      }
      case TileExpression.ColumnIndex() -> {
        column.run();
        yield Kind.INT;
      }
      case TileExpression.Quotient(TileExpression dividend, int divisor) -> {
        write(dividend);
        IntegerDivision.floorDivide(writer, divisor);
        yield Kind.INT;
      }
      case TileExpression.Remainder(TileExpression dividend, int divisor) -> {
        write(dividend);
        IntegerDivision.modulo(writer, divisor);
        yield Kind.INT;
      }
      case TileExpression.Unary(TileExpression.UnaryOperator operator, TileExpression operand) -> {
        write(operand);
        apply(operator);
        yield Kind.FLOAT;
      }
      case TileExpression.Binary(
              TileExpression.BinaryOperator operator,
              TileExpression left,
              TileExpression right) -> {
        Kind kind = write(left);
        write(right);
        join(operator, kind == Kind.FLOAT);
        yield operator.isTruth() ? Kind.TRUTH : kind;
      }
      case TileExpression.Select select -> select(select);
    };
  }

  private Kind element(Kernel.Tile tile) {
    method.load(
        tile.name(),
        () -> {
          if (samePlaces(tile, target)) {
            element.run();
          } else if (tile.rows() == 1 && tile.columns() == 1) {
            writer.push(0);
          } else if (tile.rows() == 1) {
            column.run();
          } else {
            row.run();
          }
        });
    return kindOf(tile);
  }

  private Kind spread(Kernel.Tile tile, int width) {
    method.load(
        tile.name(),
        () -> {
          column.run();
          writer.dividedBy(width);
          if (tile.rows() > 1) {
            row.run();
            writer.times(tile.columns()).plus();
          }
        });
    return kindOf(tile);
  }

  private static Kind kindOf(Kernel.Tile tile) {
    return switch (tile.type()) {
      case F32 -> Kind.FLOAT;
      case I32 -> Kind.INT;
    };
  }

  private Kind select(TileExpression.Select select) {
    write(select.condition());
    Label otherwise = code.newLabel();
    Label end = code.newLabel();
    code.ifeq(otherwise);
    Kind kind = write(select.whenTrue());
    code.goto_(end).labelBinding(otherwise);
    write(select.whenFalse());
    code.labelBinding(end);
    return kind;
  }

  private void apply(TileExpression.UnaryOperator operator) {
    switch (operator) {
      case EXP2 -> Exp2.write(writer);
      case LOG2 -> {
        code.invokestatic(TornadoApi.MATH, "log", TornadoApi.FLOAT_TO_FLOAT);
        code.loadConstant(LOG2_E).fmul();
      }
      case RSQRT -> {
        code.invokestatic(TornadoApi.MATH, "sqrt", TornadoApi.FLOAT_TO_FLOAT);
        code.fconst_1().swap().fdiv();
      }
      case TO_FLOAT -> code.i2f();
      case RINT -> Rounding.rint(writer);
      case ROUND_TO_HALF -> {
        Half.encode(writer);
        code.i2s();
        Half.decode(writer);
      }
      case FROM_BITS -> Exp2.fromBits(writer);
    }
  }

  private void join(TileExpression.BinaryOperator operator, boolean floats) {
    switch (operator) {
      case ADD -> {
        if (floats) {
          code.fadd();
        } else {
          code.iadd();
        }
      }
      case SUBTRACT -> {
        if (floats) {
          code.fsub();
        } else {
          code.isub();
        }
      }
      case MULTIPLY -> {
        if (floats) {
          code.fmul();
        } else {
          code.imul();
        }
      }
      case DIVIDE -> code.fdiv();
      case MINIMUM -> extreme("min", floats);
      case MAXIMUM -> extreme("max", floats);
      case LESS, LESS_OR_EQUAL, EQUAL -> compare(operator, floats);
      case AND -> code.iand();
      case OR -> code.ior();
    }
  }

  private void extreme(String name, boolean floats) {
    code.invokestatic(
        TornadoApi.MATH, name, floats ? TornadoApi.FLOATS_TO_FLOAT : TornadoApi.INTS_TO_INT);
  }

  private void compare(TileExpression.BinaryOperator operator, boolean floats) {
    Label holds = code.newLabel();
    Label end = code.newLabel();
    if (operator == TileExpression.BinaryOperator.LESS) {
      if (floats) {
        code.fcmpg().iflt(holds);
      } else {
        code.if_icmplt(holds);
      }
    } else if (operator == TileExpression.BinaryOperator.LESS_OR_EQUAL) {
      if (floats) {
        code.fcmpg().ifle(holds);
      } else {
        code.if_icmple(holds);
      }
    } else {
      if (floats) {
        code.fcmpl().ifeq(holds);
      } else {
        code.if_icmpeq(holds);
      }
    }
    code.iconst_0().goto_(end).labelBinding(holds).iconst_1().labelBinding(end);
  }
}
