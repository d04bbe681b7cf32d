package dev.kvasir.ir.kernel;

/**
 * Text of an expression and how tightly its outermost operator binds, so that parentheses appear
 * only where reading left to right would join the operands differently.
 */
record ExpressionText(String text, Level level) {

  /** From the loosest to the tightest. */
  enum Level {
    OR,
    AND,
    COMPARE,
    SUM,
    PRODUCT,
    PREFIX,
    ATOM
  }

  static String of(IntExpression expression) {
    return write(expression).text;
  }

  static String of(TileExpression expression) {
    return write(expression).text;
  }

  /** {@return where a view starts: block * stride + offset} */
  static String start(IntExpression block, long stride, IntExpression offset) {
    ExpressionText product = join("*", Level.PRODUCT, write(block), atom(Long.toString(stride)));
    if (offset.equals(IntExpression.constant(0))) {
      return product.text;
    }
    return join("+", Level.SUM, product, write(offset)).text;
  }

  private static ExpressionText write(IntExpression expression) {
    return switch (expression) {
      case IntExpression.Constant(int value) -> number(Integer.toString(value));
      case IntExpression.Variable(String name) -> atom(name);
      case IntExpression.Dimension(String name) -> new ExpressionText("dim " + name, Level.PREFIX);
      case IntExpression.Axis(String name) -> new ExpressionText("axis " + name, Level.PREFIX);
      case IntExpression.BufferElement(String buffer, IntExpression index) ->
          atom(buffer + "[" + of(index) + "]");
      case IntExpression.TileElement(String tile, int row, int column) ->
          atom(tile + "[" + row + ", " + column + "]");
      case IntExpression.Binary binary -> write(binary);
    };
  }

  private static ExpressionText write(IntExpression.Binary binary) {
    String operator = binary.operator().text();
    IntExpression left = binary.left();
    IntExpression right = binary.right();
    return switch (binary.operator()) {
      case MINIMUM, MAXIMUM -> call(operator, of(left), of(right));
      case ADD, SUBTRACT -> join(operator, Level.SUM, write(left), write(right));
      case MULTIPLY, FLOOR_DIVIDE, CEIL_DIVIDE, MODULO ->
          join(operator, Level.PRODUCT, write(left), write(right));
      case LESS, LESS_OR_EQUAL, EQUAL -> join(operator, Level.COMPARE, write(left), write(right));
      case AND -> join(operator, Level.AND, write(left), write(right));
      case OR -> join(operator, Level.OR, write(left), write(right));
    };
  }

  private static ExpressionText write(TileExpression expression) {
    return switch (expression) {
      case TileExpression.FloatConstant(float value) -> number(Float.toString(value));
      case TileExpression.Element(String tile) -> atom(tile);
      case TileExpression.Spread(String tile, int width) ->
          call("spread", tile, Integer.toString(width));
      case TileExpression.Uniform(IntExpression.Constant(int value)) ->
          number(Integer.toString(value));
      case TileExpression.Uniform(IntExpression value) -> call("uniform", of(value));
      case TileExpression.RowIndex() -> atom("row");
      case TileExpression.ColumnIndex() -> atom("column");
      case TileExpression.Quotient(TileExpression dividend, int divisor) ->
          join("floordiv", Level.PRODUCT, write(dividend), number(Integer.toString(divisor)));
      case TileExpression.Remainder(TileExpression dividend, int divisor) ->
          join("mod", Level.PRODUCT, write(dividend), number(Integer.toString(divisor)));
      case TileExpression.Unary(TileExpression.UnaryOperator operator, TileExpression operand) ->
          call(operator.text(), of(operand));
      case TileExpression.Select(
              TileExpression condition,
              TileExpression whenTrue,
              TileExpression whenFalse) ->
          call("select", of(condition), of(whenTrue), of(whenFalse));
      case TileExpression.Binary binary -> write(binary);
    };
  }

  private static ExpressionText write(TileExpression.Binary binary) {
    String operator = binary.operator().text();
    TileExpression left = binary.left();
    TileExpression right = binary.right();
    return switch (binary.operator()) {
      case MINIMUM, MAXIMUM -> call(operator, of(left), of(right));
      case ADD, SUBTRACT -> join(operator, Level.SUM, write(left), write(right));
      case MULTIPLY, DIVIDE -> join(operator, Level.PRODUCT, write(left), write(right));
      case LESS, LESS_OR_EQUAL, EQUAL -> join(operator, Level.COMPARE, write(left), write(right));
      case AND -> join(operator, Level.AND, write(left), write(right));
      case OR -> join(operator, Level.OR, write(left), write(right));
    };
  }

  private static ExpressionText atom(String text) {
    return new ExpressionText(text, Level.ATOM);
  }

  private static ExpressionText number(String text) {
    return new ExpressionText(text, text.startsWith("-") ? Level.PREFIX : Level.ATOM);
  }

  private static ExpressionText call(String function, String... operands) {
    return atom(function + "(" + String.join(", ", operands) + ")");
  }

  private static ExpressionText join(
      String operator, Level level, ExpressionText left, ExpressionText right) {
    // Comparisons do not chain, every other operator joins from the left.
    boolean wrapLeft = level == Level.COMPARE ? !left.tighterThan(level) : left.looserThan(level);
    return new ExpressionText(
        left.wrapped(wrapLeft) + " " + operator + " " + right.wrapped(!right.tighterThan(level)),
        level);
  }

  private boolean tighterThan(Level other) {
    return level.compareTo(other) > 0;
  }

  private boolean looserThan(Level other) {
    return level.compareTo(other) < 0;
  }

  private String wrapped(boolean wrap) {
    return wrap || level == Level.PREFIX ? "(" + text + ")" : text;
  }
}
