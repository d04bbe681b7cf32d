package dev.kvasir.plans.program;

import dev.kvasir.plans.program.Instruction.Operator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads the grammar of {@link Expression} into postfix code. */
final class ExpressionParser {

  private static final Map<String, Operator> FUNCTIONS =
      Stream.of(
              Operator.FLOOR_DIVIDE, Operator.CEIL_DIVIDE, Operator.MOD, Operator.MIN, Operator.MAX)
          .collect(Collectors.toUnmodifiableMap(Operator::text, Function.identity()));

  // Longer symbols first, so that "<=" is not read as "<".
  private static final List<Operator> COMPARISONS =
      List.of(
          Operator.LESS_OR_EQUAL,
          Operator.GREATER_OR_EQUAL,
          Operator.EQUAL,
          Operator.LESS,
          Operator.GREATER);

  private static final String ROWS = "rows";

  private final String text;
  private final List<Instruction> code = new ArrayList<>();
  private int at;
  private int nesting;

  private ExpressionParser(String text) {
    this.text = text;
  }

  /** {@return the postfix code of {@code text}} */
  static List<Instruction> parse(String text) {
    if (text.length() > Expression.MAX_LENGTH) {
      throw new ExpressionException(
          text,
          1,
          "expected at most %d characters, got %d".formatted(Expression.MAX_LENGTH, text.length()));
    }
    ExpressionParser parser = new ExpressionParser(text);
    parser.expression();
    parser.skipSpaces();
    if (parser.at < text.length()) {
      throw parser.expected("an operator or the end");
    }
    return List.copyOf(parser.code);
  }

  /** {@return whether {@code name} can be a counter} */
  static boolean isCounterName(String name) {
    return !name.isEmpty()
        && isLetter(name.charAt(0))
        && name.chars().allMatch(c -> isLetter((char) c) || isDigit((char) c))
        && !name.equals(ROWS)
        && !FUNCTIONS.containsKey(name);
  }

  /** {@return whether {@code name} can be a segment} */
  static boolean isSegmentName(String name) {
    return !name.isEmpty() && name.chars().allMatch(c -> isNamePart((char) c));
  }

  private void expression() {
    if (++nesting > Expression.MAX_NESTING) {
      throw new ExpressionException(
          text, at + 1, "expected at most %d levels".formatted(Expression.MAX_NESTING));
    }
    term();
    skipSpaces();
    for (Operator comparison : COMPARISONS) {
      if (text.startsWith(comparison.text(), at)) {
        at += comparison.text().length();
        term();
        code.add(comparison);
        break;
      }
    }
    nesting--;
  }

  private void term() {
    factor();
    while (true) {
      if (accept('+')) {
        factor();
        code.add(Operator.PLUS);
      } else if (accept('-')) {
        factor();
        code.add(Operator.MINUS);
      } else {
        return;
      }
    }
  }

  private void factor() {
    atom();
    while (accept('*')) {
      atom();
      code.add(Operator.TIMES);
    }
  }

  private void atom() {
    if (accept('(')) {
      expression();
      expect(')');
      return;
    }
    if (at < text.length() && (isDigit(text.charAt(at)) || text.charAt(at) == '-')) {
      code.add(new Instruction.Constant(integer()));
      return;
    }
    int start = at;
    while (at < text.length() && (isLetter(text.charAt(at)) || isDigit(text.charAt(at)))) {
      at++;
    }
    String name = text.substring(start, at);
    Optional<Operator> function = Optional.ofNullable(FUNCTIONS.get(name));
    if (name.isEmpty()) {
      throw expected("a number, a counter, a function or \"(\"");
    } else if (name.equals(ROWS)) {
      expect('(');
      code.add(new Instruction.Rows(segment()));
      expect(')');
    } else if (function.isPresent()) {
      expect('(');
      expression();
      expect(',');
      expression();
      expect(')');
      code.add(function.get());
    } else {
      code.add(new Instruction.Counter(name));
    }
  }

  private long integer() {
    int start = at;
    at++;
    while (at < text.length() && isDigit(text.charAt(at))) {
      at++;
    }
    try {
      return Long.parseLong(text, start, at, 10);
    } catch (NumberFormatException e) {
      ExpressionException malformed =
          new ExpressionException(
              text,
              start + 1,
              "expected a 64-bit integer, got %s".formatted(text.substring(start, at)));
      malformed.initCause(e);
      throw malformed;
    }
  }

  private String segment() {
    skipSpaces();
    int start = at;
    while (at < text.length() && isNamePart(text.charAt(at))) {
      at++;
    }
    if (start == at) {
      throw expected("the name of a segment");
    }
    return text.substring(start, at);
  }

  private boolean accept(char symbol) {
    skipSpaces();
    if (at < text.length() && text.charAt(at) == symbol) {
      at++;
      skipSpaces();
      return true;
    }
    return false;
  }

  private void expect(char symbol) {
    if (!accept(symbol)) {
      throw expected("\"" + symbol + "\"");
    }
  }

  private ExpressionException expected(String what) {
    String got = at < text.length() ? "\"" + text.charAt(at) + "\"" : "the end";
    return new ExpressionException(text, at + 1, "expected %s, got %s".formatted(what, got));
  }

  private void skipSpaces() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
  }

  private static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isNamePart(char c) {
    return isLetter(c) || isDigit(c) || c == '.' || c == '-';
  }
}
