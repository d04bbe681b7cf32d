package dev.kvasir.ir.kernel;

import dev.kvasir.ir.type.ElementFormat;

/** The rules of uniform and pointwise expressions. */
final class ExpressionVerifier {

  private static final int SPREAD_UNIT = 16;

  private enum Type {
    F32,
    I32,
    TRUTH
  }

  private ExpressionVerifier() {}

  static void verify(IntExpression expression, KernelScope scope) {
    switch (expression) {
      case IntExpression.Constant(int _) -> {}
      case IntExpression.Variable(String name) -> scope.requireVariable(name);
      case IntExpression.Dimension(String name) -> scope.requireDimension(name);
      case IntExpression.Axis(String name) -> scope.requireAxis(name);
      case IntExpression.Binary(
              IntExpression.IntOperator operator,
              IntExpression left,
              IntExpression right) -> {
        verify(left, scope);
        verify(right, scope);
        if (divides(operator) && right instanceof IntExpression.Constant(int value) && value < 1) {
          throw scope.broken("%s by %d; a divisor is positive".formatted(operator.text(), value));
        }
      }
      case IntExpression.BufferElement(String name, IntExpression index) -> {
        if (scope.readableBuffer(name).format() != ElementFormat.I32) {
          throw scope.broken("a uniform integer needs an i32 buffer, " + name + " is not");
        }
        verify(index, scope);
        if (index instanceof IntExpression.Constant(int value) && value < 0) {
          throw scope.broken("element " + value + " of buffer " + name);
        }
      }
      case IntExpression.TileElement(String name, int row, int column) -> {
        Kernel.Tile tile = scope.writtenTile(name, Kernel.TileType.I32);
        if (row < 0 || row >= tile.rows() || column < 0 || column >= tile.columns()) {
          throw scope.broken(
              "element (%d, %d) of tile %s, which is %d x %d"
                  .formatted(row, column, name, tile.rows(), tile.columns()));
        }
      }
    }
  }

  private static boolean divides(IntExpression.IntOperator operator) {
    return switch (operator) {
      case FLOOR_DIVIDE, CEIL_DIVIDE, MODULO -> true;
      case ADD, SUBTRACT, MULTIPLY, MINIMUM, MAXIMUM, LESS, LESS_OR_EQUAL, EQUAL, AND, OR -> false;
    };
  }

  /** The rules of {@code target = map value}. */
  static void verifyMap(Kernel.Tile target, TileExpression value, KernelScope scope) {
    Type type = type(value, target, scope);
    if (type != typeOf(target)) {
      throw scope.broken(
          "tile %s is %s, the value is %s".formatted(target.name(), target.type(), type));
    }
  }

  private static Type typeOf(Kernel.Tile tile) {
    return switch (tile.type()) {
      case F32 -> Type.F32;
      case I32 -> Type.I32;
    };
  }

  private static Type type(TileExpression expression, Kernel.Tile target, KernelScope scope) {
    return switch (expression) {
      case TileExpression.FloatConstant(float value) -> {
        if (!Float.isFinite(value)) {
          throw scope.broken("an f32 literal must be finite, got " + value);
        }
        yield Type.F32;
      }
      case TileExpression.Element(String name) -> {
        Kernel.Tile tile = scope.writtenTile(name);
        boolean rowsFit = tile.rows() == 1 || tile.rows() == target.rows();
        boolean columnsFit = tile.columns() == 1 || tile.columns() == target.columns();
        if (!rowsFit || !columnsFit) {
          throw scope.broken(
              "tile %s of %d x %d does not broadcast to %d x %d"
                  .formatted(name, tile.rows(), tile.columns(), target.rows(), target.columns()));
        }
        yield typeOf(tile);
      }
      case TileExpression.Spread(String name, int width) -> {
        Kernel.Tile tile = scope.writtenTile(name);
        boolean rowsFit = tile.rows() == 1 || tile.rows() == target.rows();
        if (width < 1 || width % SPREAD_UNIT != 0) {
          throw scope.broken(
              "a spread is a multiple of %d columns wide, got %d".formatted(SPREAD_UNIT, width));
        }
        if (!rowsFit || (long) tile.columns() * width != target.columns()) {
          throw scope.broken(
              "tile %s of %d x %d, %d columns each, does not spread to %d x %d"
                  .formatted(
                      name, tile.rows(), tile.columns(), width, target.rows(), target.columns()));
        }
        yield typeOf(tile);
      }
      case TileExpression.Uniform(IntExpression value) -> {
        verify(value, scope);
        yield Type.I32;
      }
      case TileExpression.RowIndex() -> Type.I32;
      case TileExpression.ColumnIndex() -> Type.I32;
      case TileExpression.Quotient(TileExpression dividend, int divisor) ->
          divided("floordiv", dividend, divisor, target, scope);
      case TileExpression.Remainder(TileExpression dividend, int divisor) ->
          divided("mod", dividend, divisor, target, scope);
      case TileExpression.Unary unary -> {
        Type wanted =
            switch (unary.operator()) {
              case EXP2, LOG2, RSQRT, RINT, ROUND_TO_HALF -> Type.F32;
              case TO_FLOAT, FROM_BITS -> Type.I32;
            };
        require(unary.operator().text(), type(unary.operand(), target, scope), wanted, scope);
        yield Type.F32;
      }
      case TileExpression.Binary binary -> binaryType(binary, target, scope);
      case TileExpression.Select(
              TileExpression condition,
              TileExpression whenTrue,
              TileExpression whenFalse) -> {
        require("select", type(condition, target, scope), Type.TRUTH, scope);
        Type first = type(whenTrue, target, scope);
        requireEqual("select", first, type(whenFalse, target, scope), scope);
        yield first;
      }
    };
  }

  private static Type divided(
      String operator,
      TileExpression dividend,
      int divisor,
      Kernel.Tile target,
      KernelScope scope) {
    require(operator, type(dividend, target, scope), Type.I32, scope);
    if (divisor < 1) {
      throw scope.broken("%s by %d; a divisor is positive".formatted(operator, divisor));
    }
    return Type.I32;
  }

  private static Type binaryType(
      TileExpression.Binary binary, Kernel.Tile target, KernelScope scope) {
    String name = binary.operator().text();
    Type left = type(binary.left(), target, scope);
    requireEqual(name, left, type(binary.right(), target, scope), scope);
    return switch (binary.operator()) {
      case ADD, SUBTRACT, MULTIPLY, MINIMUM, MAXIMUM -> {
        requireNumber(name, left, scope);
        yield left;
      }
      case DIVIDE -> {
        require(name, left, Type.F32, scope);
        yield left;
      }
      case LESS, LESS_OR_EQUAL, EQUAL -> {
        requireNumber(name, left, scope);
        yield Type.TRUTH;
      }
      case AND, OR -> {
        require(name, left, Type.TRUTH, scope);
        yield left;
      }
    };
  }

  private static void require(String operator, Type found, Type wanted, KernelScope scope) {
    if (found != wanted) {
      throw scope.broken("%s needs %s, got %s".formatted(operator, wanted, found));
    }
  }

  private static void requireNumber(String operator, Type found, KernelScope scope) {
    if (found == Type.TRUTH) {
      throw scope.broken(operator + " needs numbers, got truth values");
    }
  }

  private static void requireEqual(String operator, Type left, Type right, KernelScope scope) {
    if (left != right) {
      throw scope.broken("%s joins one type, got %s and %s".formatted(operator, left, right));
    }
  }
}
