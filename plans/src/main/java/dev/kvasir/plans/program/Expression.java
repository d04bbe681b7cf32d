package dev.kvasir.plans.program;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An integer expression over the counters of a program.
 *
 * <pre>{@code
 * expression := term (("<" | "<=" | "==" | ">=" | ">") term)?
 * term       := factor (("+" | "-") factor)*
 * factor     := atom ("*" atom)*
 * atom       := integer | counter | "rows" "(" SEGMENT ")" | "(" expression ")"
 *             | ("floordiv" | "ceildiv" | "mod" | "min" | "max") "(" expression "," expression ")"
 * integer    := "-"? [0-9]+
 * counter    := [A-Za-z_][A-Za-z0-9_]*
 * SEGMENT    := [A-Za-z0-9_.-]+
 * }</pre>
 *
 * Values are 64-bit; overflow and division by less than 1 are errors. A comparison is 1 or 0.
 *
 * <p>Equal text means the same expression. The constructor brings any text of the grammar into the
 * canonical form and throws {@link ExpressionException} for any other text, for one longer than
 * {@link #MAX_LENGTH} and for one nested deeper than {@link #MAX_NESTING}.
 *
 * @param text canonical text: single spaces, no needless parentheses
 */
public record Expression(String text) {

  /** Most characters of an expression. */
  public static final int MAX_LENGTH = 1 << 16;

  /** Most parentheses and functions around one number. */
  public static final int MAX_NESTING = 64;

  /** Brings the text into canonical form. */
  public Expression {
    text = ExpressionPrinter.print(ExpressionParser.parse(text));
    if (text.length() > MAX_LENGTH) {
      throw new ExpressionException(
          text, 1, "expected at most %d characters, got %d".formatted(MAX_LENGTH, text.length()));
    }
  }

  /**
   * {@return the expression that {@code text} spells}
   *
   * @throws ExpressionException when it spells none
   */
  public static Expression parse(String text) {
    return new Expression(text);
  }

  /** {@return a number} */
  public static Expression constant(long value) {
    return new Expression(Long.toString(value));
  }

  /** {@return the value of a counter, for example {@code tokens}} */
  public static Expression counter(String name) {
    if (!ExpressionParser.isCounterName(name)) {
      throw new IllegalArgumentException("no name of a counter: " + name);
    }
    return new Expression(name);
  }

  /** {@return the rows that a segment has received at {@code tokens}} */
  public static Expression rows(String segment) {
    if (!ExpressionParser.isSegmentName(segment)) {
      throw new IllegalArgumentException("no name of a segment: " + segment);
    }
    return new Expression("rows(" + segment + ")");
  }

  /** {@return the sum of all terms, 0 when there are none} */
  public static Expression sum(List<Expression> terms) {
    return terms.isEmpty()
        ? constant(0)
        : new Expression(
            terms.stream().map(term -> "(" + term.text + ")").collect(Collectors.joining("+")));
  }

  /** {@return this + right} */
  public Expression plus(Expression right) {
    return infix("+", right);
  }

  /** {@return this + right} */
  public Expression plus(long right) {
    return plus(constant(right));
  }

  /** {@return this - right} */
  public Expression minus(Expression right) {
    return infix("-", right);
  }

  /** {@return this - right} */
  public Expression minus(long right) {
    return minus(constant(right));
  }

  /** {@return this * right} */
  public Expression times(Expression right) {
    return infix("*", right);
  }

  /** {@return this * right} */
  public Expression times(long right) {
    return times(constant(right));
  }

  /** {@return the largest integer not above this / divisor} */
  public Expression floorDivide(Expression divisor) {
    return call("floordiv", divisor);
  }

  /** {@return the largest integer not above this / divisor} */
  public Expression floorDivide(long divisor) {
    return floorDivide(constant(divisor));
  }

  /** {@return the smallest integer not below this / divisor} */
  public Expression ceilDivide(Expression divisor) {
    return call("ceildiv", divisor);
  }

  /** {@return the smallest integer not below this / divisor} */
  public Expression ceilDivide(long divisor) {
    return ceilDivide(constant(divisor));
  }

  /** {@return this - divisor * floordiv(this, divisor), never negative} */
  public Expression mod(Expression divisor) {
    return call("mod", divisor);
  }

  /** {@return this - divisor * floordiv(this, divisor), never negative} */
  public Expression mod(long divisor) {
    return mod(constant(divisor));
  }

  /** {@return the smaller of both} */
  public Expression min(Expression right) {
    return call("min", right);
  }

  /** {@return the smaller of both} */
  public Expression min(long right) {
    return min(constant(right));
  }

  /** {@return the larger of both} */
  public Expression max(Expression right) {
    return call("max", right);
  }

  /** {@return the larger of both} */
  public Expression max(long right) {
    return max(constant(right));
  }

  /** {@return 1 when this < right, else 0} */
  public Expression lessThan(Expression right) {
    return infix("<", right);
  }

  /** {@return 1 when this <= right, else 0} */
  public Expression lessOrEqual(Expression right) {
    return infix("<=", right);
  }

  /** {@return 1 when this = right, else 0} */
  public Expression equalTo(Expression right) {
    return infix("==", right);
  }

  /** {@return 1 when this >= right, else 0} */
  public Expression greaterOrEqual(Expression right) {
    return infix(">=", right);
  }

  /** {@return 1 when this > right, else 0} */
  public Expression greaterThan(Expression right) {
    return infix(">", right);
  }

  /**
   * {@return a form that is evaluated many times}
   *
   * @param counters the counters it may name and the segments whose rows it may take
   * @throws ExpressionException when it names another counter or segment, when segments take each
   *     other's rows in a cycle, or when it grows too large with the segments' expressions in it
   */
  public CompiledExpression compile(CounterIndex counters) {
    return CompiledExpression.compile(this, counters);
  }

  /** {@return expressions whose sum this is: the operands of its outermost additions, or itself} */
  public List<Expression> terms() {
    List<Expression> terms = new ArrayList<>();
    int begin = 0;
    int depth = 0;
    for (int at = 0; at < text.length(); at++) {
      char character = text.charAt(at);
      depth += character == '(' ? 1 : character == ')' ? -1 : 0;
      if (depth > 0 || character != ' ') {
        continue;
      }
      // Outside parentheses, spaces stand around operators.
      int end = text.indexOf(' ', at + 1);
      String operator = text.substring(at + 1, end);
      if (operator.equals("+")) {
        terms.add(new Expression(text.substring(begin, at)));
        begin = end + 1;
      } else if (!operator.equals("*")) {
        return List.of(this);
      }
      at = end;
    }
    terms.add(new Expression(text.substring(begin)));
    return terms;
  }

  /** {@return the postfix code} */
  List<Instruction> code() {
    return ExpressionParser.parse(text);
  }

  // Canonical form drops the parentheses again where the grammar does not need them.
  private Expression infix(String symbol, Expression right) {
    return new Expression("(%s) %s (%s)".formatted(text, symbol, right.text));
  }

  private Expression call(String function, Expression right) {
    return new Expression("%s(%s, %s)".formatted(function, text, right.text));
  }
}
