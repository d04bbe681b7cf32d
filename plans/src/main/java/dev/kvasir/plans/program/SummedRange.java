package dev.kvasir.plans.program;

import dev.kvasir.plans.program.Instruction.Operator;
import java.util.List;
import java.util.function.LongBinaryOperator;

/**
 * A range of values that are each the sum of variables, multiplied by {@code factors}, and of
 * something in {@code rest} that is taken as independent of them. Sums and differences of two such
 * values are exact in the variables.
 *
 * @param range where the values lie
 * @param factors one for each variable
 * @param rest what is left without the variables
 */
record SummedRange(Range range, List<Long> factors, Range rest) {

  /** {@return values that depend on no variable} */
  static SummedRange independent(Range range, List<Range> variables) {
    return new SummedRange(range, variables.stream().map(unused -> 0L).toList(), range);
  }

  /** {@return the values of a counter} */
  static SummedRange counter(Range range, List<Integer> factors, List<Range> variables) {
    return narrowed(
        range, factors.stream().map(Integer::longValue).toList(), Range.of(0), variables);
  }

  /**
   * {@return the values of an operator}
   *
   * @throws ArithmeticException as {@link RangeArithmetic#apply} does
   */
  static SummedRange apply(
      Operator operator, SummedRange left, SummedRange right, List<Range> variables) {
    Range range = RangeArithmetic.apply(operator, left.range, right.range);
    try {
      return switch (operator) {
        case PLUS -> left.combine(operator, Math::addExact, right, range, variables);
        case MINUS -> left.combine(operator, Math::subtractExact, right, range, variables);
        case TIMES ->
            right.isConstant()
                ? left.scale(right.range.min(), range, variables)
                : left.isConstant()
                    ? right.scale(left.range.min(), range, variables)
                    : independent(range, variables);
        case LESS,
            LESS_OR_EQUAL,
            EQUAL,
            GREATER_OR_EQUAL,
            GREATER,
            FLOOR_DIVIDE,
            CEIL_DIVIDE,
            MOD,
            MIN,
            MAX ->
            independent(range, variables);
      };
    } catch (ArithmeticException e) {
      // The factors do not fit; the range does.
      return independent(range, variables);
    }
  }

  private boolean isConstant() {
    return range.min() == range.max();
  }

  private SummedRange combine(
      Operator operator,
      LongBinaryOperator sum,
      SummedRange right,
      Range range,
      List<Range> variables) {
    Long[] both = new Long[factors.size()];
    for (int i = 0; i < both.length; i++) {
      both[i] = sum.applyAsLong(factors.get(i), right.factors.get(i));
    }
    return narrowed(
        range, List.of(both), RangeArithmetic.apply(operator, rest, right.rest), variables);
  }

  private SummedRange scale(long factor, Range range, List<Range> variables) {
    return narrowed(
        range,
        factors.stream().map(each -> Math.multiplyExact(each, factor)).toList(),
        RangeArithmetic.apply(Operator.TIMES, rest, Range.of(factor)),
        variables);
  }

  private static SummedRange narrowed(
      Range range, List<Long> factors, Range rest, List<Range> variables) {
    Range sum = rest;
    for (int i = 0; i < factors.size(); i++) {
      Range term =
          RangeArithmetic.apply(Operator.TIMES, variables.get(i), Range.of(factors.get(i)));
      sum = RangeArithmetic.apply(Operator.PLUS, sum, term);
    }
    long min = Math.max(range.min(), sum.min());
    long max = Math.min(range.max(), sum.max());
    // Without a common value no counters have the ranges at once, and any range is right.
    return new SummedRange(min <= max ? new Range(min, max) : range, factors, rest);
  }
}
