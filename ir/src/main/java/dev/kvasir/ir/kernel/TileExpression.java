package dev.kvasir.ir.kernel;

/**
 * What a {@link Statement.Map} computes for each element. Operands of [A, 1], [1, B] and [1, 1]
 * broadcast. Types are f32, i32 and truth values; both sides of an operator have one type.
 */
public sealed interface TileExpression {

  /** An f32 literal; always finite. */
  record FloatConstant(float value) implements TileExpression {}

  /** The tile's element at this place, broadcast where its extent is 1. */
  record Element(String tile) implements TileExpression {}

  /**
   * The tile's element at this row and column / width: each of its columns stands for {@code width}
   * neighbours.
   *
   * @param width a multiple of 16, so that all lanes of a vector read one element
   */
  record Spread(String tile, int width) implements TileExpression {}

  /** A uniform integer as i32. */
  record Uniform(IntExpression value) implements TileExpression {}

  /** The row number of this place as i32. */
  record RowIndex() implements TileExpression {}

  /** The column number of this place as i32. */
  record ColumnIndex() implements TileExpression {}

  /** An i32 divided by a literal, rounded down; the divisor is positive. */
  record Quotient(TileExpression dividend, int divisor) implements TileExpression {}

  /** What {@link Quotient} leaves: 0 .. divisor - 1. */
  record Remainder(TileExpression dividend, int divisor) implements TileExpression {}

  /** One operand. */
  record Unary(UnaryOperator operator, TileExpression operand) implements TileExpression {}

  /** Two operands of one type. */
  record Binary(BinaryOperator operator, TileExpression left, TileExpression right)
      implements TileExpression {}

  /** {@code whenTrue} where the condition holds, else {@code whenFalse}; the other is discarded. */
  record Select(TileExpression condition, TileExpression whenTrue, TileExpression whenFalse)
      implements TileExpression {}

  /** Functions of one operand. */
  enum UnaryOperator {
    /**
     * 2^x for f32, relative error at most 2.5e-7; exactly 0 for x below -126; x above 126 counts as
     * 126.
     */
    EXP2("exp2"),
    /** Base-2 logarithm of a positive f32, error at most 1e-6 * max(1, |log2 x|). */
    LOG2("log2"),
    /** 1 / sqrt(x) of a positive f32. */
    RSQRT("rsqrt"),
    /** i32 to f32. */
    TO_FLOAT("float"),
    /** The nearest integer of an f32 of at most 2^22 in magnitude, ties to even. */
    RINT("rint"),
    /** An f32 rounded to the nearest binary16, ties to even; infinite beyond 65504. */
    ROUND_TO_HALF("f16"),
    /** The f32 that has the bits of an i32: 0, or finite, positive and at least 2^-126. */
    FROM_BITS("frombits");

    private final String text;

    UnaryOperator(String text) {
      this.text = text;
    }

    /** {@return the operator in IR text} */
    public String text() {
      return text;
    }
  }

  /** Functions of two operands. */
  enum BinaryOperator {
    /** Sum of f32 or i32. */
    ADD("+", false),
    /** Difference of f32 or i32. */
    SUBTRACT("-", false),
    /** Product of f32 or i32. */
    MULTIPLY("*", false),
    /** Quotient of f32. */
    DIVIDE("/", false),
    /** The smaller of f32 or i32; unspecified which when one is NaN. */
    MINIMUM("min", false),
    /** The larger of f32 or i32; unspecified which when one is NaN. */
    MAXIMUM("max", false),
    /** Whether left is less than right. */
    LESS("<", true),
    /** Whether left is at most right. */
    LESS_OR_EQUAL("<=", true),
    /** Whether both are equal. */
    EQUAL("==", true),
    /** Both truth values hold. */
    AND("and", true),
    /** One of the truth values holds. */
    OR("or", true);

    private final String text;
    private final boolean truth;

    BinaryOperator(String text, boolean truth) {
      this.text = text;
      this.truth = truth;
    }

    /** {@return the operator in IR text} */
    public String text() {
      return text;
    }

    /** {@return whether the result is a truth value} */
    public boolean isTruth() {
      return truth;
    }
  }

  /** {@return an f32 literal} */
  static TileExpression constant(float value) {
    return new FloatConstant(value);
  }

  /** {@return the element of a tile} */
  static TileExpression element(String tile) {
    return new Element(tile);
  }

  /** {@return an i32 literal} */
  static TileExpression integer(int value) {
    return new Uniform(IntExpression.constant(value));
  }

  /** {@return a uniform integer} */
  static TileExpression uniform(IntExpression value) {
    return new Uniform(value);
  }

  /** {@return this + other} */
  default TileExpression plus(TileExpression other) {
    return new Binary(BinaryOperator.ADD, this, other);
  }

  /** {@return this - other} */
  default TileExpression minus(TileExpression other) {
    return new Binary(BinaryOperator.SUBTRACT, this, other);
  }

  /** {@return this * other} */
  default TileExpression times(TileExpression other) {
    return new Binary(BinaryOperator.MULTIPLY, this, other);
  }

  /** {@return this * other} */
  default TileExpression times(float other) {
    return times(constant(other));
  }

  /** {@return this / other} */
  default TileExpression over(TileExpression other) {
    return new Binary(BinaryOperator.DIVIDE, this, other);
  }

  /** {@return the larger of both} */
  default TileExpression maximum(TileExpression other) {
    return new Binary(BinaryOperator.MAXIMUM, this, other);
  }

  /** {@return this < other} */
  default TileExpression less(TileExpression other) {
    return new Binary(BinaryOperator.LESS, this, other);
  }

  /** {@return this <= other} */
  default TileExpression lessOrEqual(TileExpression other) {
    return new Binary(BinaryOperator.LESS_OR_EQUAL, this, other);
  }

  /** {@return this and other} */
  default TileExpression and(TileExpression other) {
    return new Binary(BinaryOperator.AND, this, other);
  }

  /** {@return this or other} */
  default TileExpression or(TileExpression other) {
    return new Binary(BinaryOperator.OR, this, other);
  }

  /** {@return whether this equals other} */
  default TileExpression equalTo(TileExpression other) {
    return new Binary(BinaryOperator.EQUAL, this, other);
  }

  /** {@return the smaller of both} */
  default TileExpression minimum(TileExpression other) {
    return new Binary(BinaryOperator.MINIMUM, this, other);
  }

  /** {@return this / divisor, rounded down} */
  default TileExpression floorDivide(int divisor) {
    return new Quotient(this, divisor);
  }

  /** {@return the non-negative remainder by divisor} */
  default TileExpression modulo(int divisor) {
    return new Remainder(this, divisor);
  }

  /** {@return the number that has these bits} */
  default TileExpression fromBits() {
    return new Unary(UnaryOperator.FROM_BITS, this);
  }

  /** {@return this integer as a number} */
  default TileExpression toFloat() {
    return new Unary(UnaryOperator.TO_FLOAT, this);
  }

  /** {@return the nearest integer} */
  default TileExpression rint() {
    return new Unary(UnaryOperator.RINT, this);
  }

  /** {@return this as binary16 holds it} */
  default TileExpression roundToHalf() {
    return new Unary(UnaryOperator.ROUND_TO_HALF, this);
  }

  /** {@return the element of a tile whose columns stand for {@code width} each} */
  static TileExpression spread(String tile, int width) {
    return new Spread(tile, width);
  }

  /** {@return 2^this} */
  default TileExpression exp2() {
    return new Unary(UnaryOperator.EXP2, this);
  }

  /** {@return whenTrue where this holds, else whenFalse} */
  default TileExpression select(TileExpression whenTrue, TileExpression whenFalse) {
    return new Select(this, whenTrue, whenFalse);
  }
}
