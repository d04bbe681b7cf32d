package dev.kvasir.plans.program;

import dev.kvasir.plans.program.Instruction.Level;
import dev.kvasir.plans.program.Instruction.Operator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Writes postfix code as text: single spaces around symbols, no needless parentheses. */
final class ExpressionPrinter {

  private record Piece(StringBuilder text, Level level) {}

  private ExpressionPrinter() {}

  /** {@return the canonical text of {@code code}} */
  static String print(List<Instruction> code) {
    Deque<Piece> stack = new ArrayDeque<>();
    for (Instruction instruction : code) {
      stack.push(
          switch (instruction) {
            case Instruction.Constant constant -> atom(Long.toString(constant.value()));
            case Instruction.Counter counter -> atom(counter.name());
            case Instruction.Rows rows -> atom("rows(" + rows.segment() + ")");
            case Operator operator -> {
              Piece right = stack.pop();
              Piece left = stack.pop();
              yield operator.level() == Level.ATOM
                  ? call(operator, left, right)
                  : infix(operator, left, right);
            }
          });
    }
    return stack.pop().text().toString();
  }

  private static Piece atom(String text) {
    return new Piece(new StringBuilder(text), Level.ATOM);
  }

  private static Piece call(Operator operator, Piece left, Piece right) {
    StringBuilder text = left.text().insert(0, operator.text() + "(");
    return new Piece(text.append(", ").append(right.text()).append(')'), Level.ATOM);
  }

  private static Piece infix(Operator operator, Piece left, Piece right) {
    Level level = operator.level();
    // Sums and products associate to the left, comparisons do not chain.
    boolean chains = level != Level.COMPARISON && left.level() == level;
    // The left operand's builder is reused, so that a long sum is printed in linear time.
    StringBuilder text = left.text();
    if (!chains && left.level().compareTo(level) <= 0) {
      text.insert(0, '(').append(')');
    }
    text.append(' ').append(operator.text()).append(' ');
    if (right.level().compareTo(level) <= 0) {
      text.append('(').append(right.text()).append(')');
    } else {
      text.append(right.text());
    }
    return new Piece(text, level);
  }
}
