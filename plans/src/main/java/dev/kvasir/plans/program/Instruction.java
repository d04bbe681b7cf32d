package dev.kvasir.plans.program;

/** One step of an expression in postfix order: operands push a value, operators replace two. */
sealed interface Instruction {

  /** Pushes a number. */
  record Constant(long value) implements Instruction {}

  /** Pushes the value of a counter. */
  record Counter(String name) implements Instruction {}

  /** Pushes the rows of a segment. */
  record Rows(String segment) implements Instruction {}

  /** Replaces the two topmost values by one. */
  enum Operator implements Instruction {
    PLUS("+", Level.TERM),
    MINUS("-", Level.TERM),
    TIMES("*", Level.FACTOR),
    LESS("<", Level.COMPARISON),
    LESS_OR_EQUAL("<=", Level.COMPARISON),
    EQUAL("==", Level.COMPARISON),
    GREATER_OR_EQUAL(">=", Level.COMPARISON),
    GREATER(">", Level.COMPARISON),
    FLOOR_DIVIDE("floordiv", Level.ATOM),
    CEIL_DIVIDE("ceildiv", Level.ATOM),
    MOD("mod", Level.ATOM),
    MIN("min", Level.ATOM),
    MAX("max", Level.ATOM);

    private final String text;
    private final Level level;

    Operator(String text, Level level) {
      this.text = text;
      this.level = level;
    }

    /** {@return the symbol, or the name of the function} */
    String text() {
      return text;
    }

    /** {@return how tightly it binds; functions are atoms} */
    Level level() {
      return level;
    }

    /**
     * {@return the value of the operator}
     *
     * @throws ArithmeticException on overflow and on division by less than 1
     */
    long apply(long left, long right) {
      return switch (this) {
        case PLUS -> Math.addExact(left, right);
        case MINUS -> Math.subtractExact(left, right);
        case TIMES -> Math.multiplyExact(left, right);
        case LESS -> left < right ? 1 : 0;
        case LESS_OR_EQUAL -> left <= right ? 1 : 0;
        case EQUAL -> left == right ? 1 : 0;
        case GREATER_OR_EQUAL -> left >= right ? 1 : 0;
        case GREATER -> left > right ? 1 : 0;
        case FLOOR_DIVIDE -> Math.floorDiv(left, divisor(right));
        case CEIL_DIVIDE -> Math.ceilDiv(left, divisor(right));
        case MOD -> Math.floorMod(left, divisor(right));
        case MIN -> Math.min(left, right);
        case MAX -> Math.max(left, right);
      };
    }

    /**
     * {@return why {@link #apply} failed}
     *
     * <p>The message of the {@link ArithmeticException} cannot serve: compiled code throws one that
     * has none.
     */
    String failure(long right) {
      boolean divides = this == FLOOR_DIVIDE || this == CEIL_DIVIDE || this == MOD;
      return divides && right < 1 ? "division by less than 1" : "overflow of 64 bits";
    }

    private static long divisor(long value) {
      if (value < 1) {
        throw new ArithmeticException();
      }
      return value;
    }
  }

  /** Binding strength, weakest first. */
  enum Level {
    COMPARISON,
    TERM,
    FACTOR,
    ATOM
  }
}
