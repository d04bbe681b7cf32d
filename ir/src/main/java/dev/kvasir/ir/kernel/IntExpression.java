package dev.kvasir.ir.kernel;

/** A uniform 32-bit integer: the same for the whole grid point. Truth is 1 and 0. */
public sealed interface IntExpression {

  /** A literal. */
  record Constant(int value) implements IntExpression {}

  /** The value of an enclosing {@link Statement.Let} or loop variable. */
  record Variable(String name) implements IntExpression {}

  /** A launch argument of the running sequence. */
  record Dimension(String name) implements IntExpression {}

  /** The grid point's coordinate on one axis. */
  record Axis(String name) implements IntExpression {}

  /** Two operands joined. */
  record Binary(IntOperator operator, IntExpression left, IntExpression right)
      implements IntExpression {}

  /** One element of an i32 buffer; {@code index} is in elements. */
  record BufferElement(String buffer, IntExpression index) implements IntExpression {}

  /** One element of an i32 tile at a static place. */
  record TileElement(String tile, int row, int column) implements IntExpression {}

  /** How two uniform integers join. */
  enum IntOperator {
    /** Sum. */
    ADD("+"),
    /** Difference. */
    SUBTRACT("-"),
    /** Product. */
    MULTIPLY("*"),
    /** Quotient rounded down; the divisor is positive. */
    FLOOR_DIVIDE("floordiv"),
    /** Quotient rounded up; the divisor is positive. */
    CEIL_DIVIDE("ceildiv"),
    /** Remainder in 0 .. divisor - 1; the divisor is positive. */
    MODULO("mod"),
    /** The smaller. */
    MINIMUM("min"),
    /** The larger. */
    MAXIMUM("max"),
    /** 1 when left is less than right. */
    LESS("<"),
    /** 1 when left is at most right. */
    LESS_OR_EQUAL("<="),
    /** 1 when both are equal. */
    EQUAL("=="),
    /** 1 when both are not 0. */
    AND("and"),
    /** 1 when one is not 0. */
    OR("or");

    private final String text;

    IntOperator(String text) {
      this.text = text;
    }

    /** {@return the operator in IR text} */
    public String text() {
      return text;
    }
  }

  /** {@return a literal} */
  static IntExpression constant(int value) {
    return new Constant(value);
  }

  /** {@return this + other} */
  default IntExpression plus(IntExpression other) {
    return new Binary(IntOperator.ADD, this, other);
  }

  /** {@return this + other} */
  default IntExpression plus(int other) {
    return plus(constant(other));
  }

  /** {@return this - other} */
  default IntExpression minus(IntExpression other) {
    return new Binary(IntOperator.SUBTRACT, this, other);
  }

  /** {@return this - other} */
  default IntExpression minus(int other) {
    return minus(constant(other));
  }

  /** {@return this * other} */
  default IntExpression times(int other) {
    return new Binary(IntOperator.MULTIPLY, this, constant(other));
  }

  /** {@return this * other} */
  default IntExpression times(IntExpression other) {
    return new Binary(IntOperator.MULTIPLY, this, other);
  }

  /** {@return this / divisor, rounded down} */
  default IntExpression floorDivide(int divisor) {
    return new Binary(IntOperator.FLOOR_DIVIDE, this, constant(divisor));
  }

  /** {@return this / divisor, rounded up} */
  default IntExpression ceilDivide(int divisor) {
    return new Binary(IntOperator.CEIL_DIVIDE, this, constant(divisor));
  }

  /** {@return the non-negative remainder by divisor} */
  default IntExpression modulo(int divisor) {
    return new Binary(IntOperator.MODULO, this, constant(divisor));
  }

  /** {@return the smaller of both} */
  default IntExpression minimum(IntExpression other) {
    return new Binary(IntOperator.MINIMUM, this, other);
  }

  /** {@return the larger of both} */
  default IntExpression maximum(IntExpression other) {
    return new Binary(IntOperator.MAXIMUM, this, other);
  }

  /** {@return this < other} */
  default IntExpression less(IntExpression other) {
    return new Binary(IntOperator.LESS, this, other);
  }

  /** {@return this <= other} */
  default IntExpression lessOrEqual(IntExpression other) {
    return new Binary(IntOperator.LESS_OR_EQUAL, this, other);
  }

  /** {@return this == other} */
  default IntExpression equalTo(IntExpression other) {
    return new Binary(IntOperator.EQUAL, this, other);
  }

  /** {@return this and other} */
  default IntExpression and(IntExpression other) {
    return new Binary(IntOperator.AND, this, other);
  }

  /** {@return this or other} */
  default IntExpression or(IntExpression other) {
    return new Binary(IntOperator.OR, this, other);
  }
}
