package dev.kvasir.ir.kernel;

/** Uniform integers, exactly; both operands of every operator are evaluated. */
final class UniformEvaluator {

  private UniformEvaluator() {}

  static int evaluate(IntExpression expression, GridPoint point) {
    return switch (expression) {
      case IntExpression.Constant(int value) -> value;
      case IntExpression.Variable(String name) -> point.variable(name);
      case IntExpression.Dimension(String name) -> point.dimension(name);
      case IntExpression.Axis(String name) -> point.axis(name);
      case IntExpression.BufferElement(String buffer, IntExpression index) ->
          point.readInt(buffer, evaluate(index, point));
      case IntExpression.TileElement(String tile, int row, int column) ->
          point.tile(tile).intAt(row, column);
      case IntExpression.Binary binary ->
          join(binary, evaluate(binary.left(), point), evaluate(binary.right(), point), point);
    };
  }

  private static int join(IntExpression.Binary binary, int left, int right, GridPoint point) {
    long result =
        switch (binary.operator()) {
          case ADD -> (long) left + right;
          case SUBTRACT -> (long) left - right;
          case MULTIPLY -> (long) left * right;
          case FLOOR_DIVIDE -> Math.floorDiv(left, divisor(binary, right, point));
          case CEIL_DIVIDE -> Math.ceilDiv(left, divisor(binary, right, point));
          case MODULO -> Math.floorMod(left, divisor(binary, right, point));
          case MINIMUM -> Math.min(left, right);
          case MAXIMUM -> Math.max(left, right);
          case LESS -> left < right ? 1 : 0;
          case LESS_OR_EQUAL -> left <= right ? 1 : 0;
          case EQUAL -> left == right ? 1 : 0;
          case AND -> left != 0 && right != 0 ? 1 : 0;
          case OR -> left != 0 || right != 0 ? 1 : 0;
        };
    if (result != (int) result) {
      throw point.failure("%s overflows to %d".formatted(ExpressionText.of(binary), result));
    }
    return (int) result;
  }

  private static int divisor(IntExpression.Binary binary, int right, GridPoint point) {
    if (right < 1) {
      throw point.failure(
          "%s divides by %d; a divisor is positive".formatted(ExpressionText.of(binary), right));
    }
    return right;
  }
}
