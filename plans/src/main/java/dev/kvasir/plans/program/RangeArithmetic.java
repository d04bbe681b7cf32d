package dev.kvasir.plans.program;

import dev.kvasir.plans.program.Instruction.Operator;

/** Ranges that hold an operator's values for independent operands. */
final class RangeArithmetic {

  private static final Range EITHER = new Range(0, 1);

  private RangeArithmetic() {}

  /**
   * {@return a range with all values of {@code operator} for operands in {@code left} and {@code
   * right}; exact for single values}
   *
   * @throws ArithmeticException when some operands overflow or divide by less than 1
   */
  static Range apply(Operator operator, Range left, Range right) {
    return switch (operator) {
      // Monotonic in each operand: the extremes lie at the corners.
      case PLUS, TIMES, MIN, MAX, FLOOR_DIVIDE, CEIL_DIVIDE, MINUS ->
          corners(operator, left, right);
      case MOD -> mod(left, right);
      case LESS -> comparison(left.max() < right.min(), left.min() >= right.max());
      case LESS_OR_EQUAL -> comparison(left.max() <= right.min(), left.min() > right.max());
      case GREATER -> comparison(left.min() > right.max(), left.max() <= right.min());
      case GREATER_OR_EQUAL -> comparison(left.min() >= right.max(), left.max() < right.min());
      case EQUAL ->
          comparison(
              left.min() == left.max() && left.equals(right),
              left.max() < right.min() || left.min() > right.max());
    };
  }

  private static Range corners(Operator operator, Range left, Range right) {
    long first = operator.apply(left.min(), right.min());
    long second = operator.apply(left.min(), right.max());
    long third = operator.apply(left.max(), right.min());
    long fourth = operator.apply(left.max(), right.max());
    return new Range(
        Math.min(Math.min(first, second), Math.min(third, fourth)),
        Math.max(Math.max(first, second), Math.max(third, fourth)));
  }

  private static Range mod(Range left, Range right) {
    long low = Operator.MOD.apply(left.min(), right.min());
    if (right.min() == right.max()) {
      long high = Operator.MOD.apply(left.max(), right.min());
      if (Math.floorDiv(left.min(), right.min()) == Math.floorDiv(left.max(), right.min())) {
        return new Range(low, high);
      }
    }
    if (left.min() >= 0 && left.max() < right.min()) {
      return left;
    }
    long most = right.max() - 1;
    return new Range(0, left.min() >= 0 ? Math.min(left.max(), most) : most);
  }

  private static Range comparison(boolean always, boolean never) {
    return always ? Range.of(1) : never ? Range.of(0) : EITHER;
  }
}
