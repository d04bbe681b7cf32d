package dev.kvasir.ir.kernel;

/**
 * Pointwise expressions in double precision, so that only what a tile finally holds is rounded.
 * Truth is 1 and 0. What a select discards is not evaluated; uniform integers always are, once.
 */
final class PointwiseEvaluator {

  /** The value of an expression at one place. */
  interface Cell {
    double at(int row, int column);
  }

  private record Typed(Cell cell, boolean integer) {}

  private static final double LARGEST_ROUNDED = 1 << 22;

  private final GridPoint point;

  private PointwiseEvaluator(GridPoint point) {
    this.point = point;
  }

  static Cell prepare(TileExpression expression, GridPoint point) {
    return new PointwiseEvaluator(point).typed(expression).cell;
  }

  private Typed typed(TileExpression expression) {
    return switch (expression) {
      case TileExpression.FloatConstant(float value) -> new Typed((_, _) -> value, false);
      case TileExpression.Element(String name) -> element(point.tile(name));
      case TileExpression.Spread(String name, int width) -> {
        TileContent tile = point.tile(name);
        int rowStep = tile.rows() == 1 ? 0 : 1;
        yield new Typed((row, column) -> tile.at(row * rowStep, column / width), !tile.isFloat());
      }
      case TileExpression.Uniform(IntExpression uniform) -> {
        int value = UniformEvaluator.evaluate(uniform, point);
        yield new Typed((_, _) -> value, true);
      }
      case TileExpression.RowIndex() -> new Typed((row, _) -> row, true);
      case TileExpression.ColumnIndex() -> new Typed((_, column) -> column, true);
      case TileExpression.Unary(TileExpression.UnaryOperator operator, TileExpression operand) -> {
        Cell cell = typed(operand).cell;
        yield new Typed((row, column) -> apply(operator, cell.at(row, column)), false);
      }
      case TileExpression.Quotient(TileExpression dividend, int divisor) -> {
        Cell cell = typed(dividend).cell;
        yield new Typed((row, column) -> Math.floorDiv((int) cell.at(row, column), divisor), true);
      }
      case TileExpression.Remainder(TileExpression dividend, int divisor) -> {
        Cell cell = typed(dividend).cell;
        yield new Typed((row, column) -> Math.floorMod((int) cell.at(row, column), divisor), true);
      }
      case TileExpression.Binary(
              TileExpression.BinaryOperator operator,
              TileExpression left,
              TileExpression right) ->
          binary(operator, typed(left), typed(right), expression);
      case TileExpression.Select(
              TileExpression condition,
              TileExpression whenTrue,
              TileExpression whenFalse) -> {
        Cell choice = typed(condition).cell;
        Typed first = typed(whenTrue);
        Typed second = typed(whenFalse);
        yield new Typed(
            (row, column) ->
                choice.at(row, column) != 0
                    ? first.cell.at(row, column)
                    : second.cell.at(row, column),
            first.integer);
      }
    };
  }

  private static Typed element(TileContent tile) {
    int rowStep = tile.rows() == 1 ? 0 : 1;
    int columnStep = tile.columns() == 1 ? 0 : 1;
    return new Typed((row, column) -> tile.at(row * rowStep, column * columnStep), !tile.isFloat());
  }

  private Typed binary(
      TileExpression.BinaryOperator operator, Typed left, Typed right, TileExpression expression) {
    boolean integer = left.integer && !operator.isTruth();
    return new Typed(
        (row, column) -> {
          double value = join(operator, left.cell.at(row, column), right.cell.at(row, column));
          if (integer && value != (int) value) {
            throw point.failure(
                "%s overflows at (%d, %d)".formatted(ExpressionText.of(expression), row, column));
          }
          return value;
        },
        integer);
  }

  /** Outside the domain of a function the answer is NaN: nothing may depend on it. */
  private static double apply(TileExpression.UnaryOperator operator, double x) {
    return switch (operator) {
      case EXP2 -> x < -126 ? 0 : Math.pow(2, Math.min(x, 126));
      case LOG2 -> x > 0 ? Math.log(x) / Math.log(2) : Double.NaN;
      case RSQRT -> x > 0 ? 1 / Math.sqrt(x) : Double.NaN;
      case TO_FLOAT -> x;
      case RINT -> Math.abs(x) <= LARGEST_ROUNDED ? Math.rint(x) : Double.NaN;
      case ROUND_TO_HALF -> Float.float16ToFloat(Float.floatToFloat16((float) x));
      case FROM_BITS -> fromBits((int) x);
    };
  }

  private static double fromBits(int bits) {
    float value = Float.intBitsToFloat(bits);
    boolean inRange = bits == 0 || (value >= Float.MIN_NORMAL && value <= Float.MAX_VALUE);
    return inRange ? value : Double.NaN;
  }

  private static double join(TileExpression.BinaryOperator operator, double left, double right) {
    return switch (operator) {
      case ADD -> left + right;
      case SUBTRACT -> left - right;
      case MULTIPLY -> left * right;
      case DIVIDE -> left / right;
      case MINIMUM -> Math.min(left, right);
      case MAXIMUM -> Math.max(left, right);
      case LESS -> left < right ? 1 : 0;
      case LESS_OR_EQUAL -> left <= right ? 1 : 0;
      case EQUAL -> left == right ? 1 : 0;
      case AND -> left != 0 && right != 0 ? 1 : 0;
      case OR -> left != 0 || right != 0 ? 1 : 0;
    };
  }
}
