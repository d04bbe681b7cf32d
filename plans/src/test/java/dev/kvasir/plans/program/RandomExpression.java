package dev.kvasir.plans.program;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;

/**
 * A random expression over {@code a} and {@code b} with a value computed without the code under
 * test: unbounded integers, empty where a step leaves 64 bits or divides by less than 1.
 *
 * @param text fully parenthesised
 * @param meaning value for a and b
 */
public record RandomExpression(String text, BiFunction<Long, Long, Optional<BigInteger>> meaning) {

  private static final BigInteger MIN = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MAX = BigInteger.valueOf(Long.MAX_VALUE);
  private static final List<String> INFIX = List.of("+", "-", "*", "<", "<=", "==", ">=", ">");
  private static final List<String> CALLS = List.of("floordiv", "ceildiv", "mod", "min", "max");
  private static final List<Long> NUMBERS =
      List.of(0L, 1L, 2L, 3L, 7L, 64L, 1L << 31, 1L << 62, Long.MAX_VALUE, -1L, -64L);

  /** {@return an expression of at most {@code depth} levels} */
  public static RandomExpression next(Random random, int depth) {
    int choice = random.nextInt(depth == 0 ? 3 : 9);
    if (choice == 0) {
      return new RandomExpression("a", (a, b) -> Optional.of(BigInteger.valueOf(a)));
    }
    if (choice == 1) {
      return new RandomExpression("b", (a, b) -> Optional.of(BigInteger.valueOf(b)));
    }
    if (choice == 2) {
      long number = NUMBERS.get(random.nextInt(NUMBERS.size()));
      return new RandomExpression(
          Long.toString(number), (a, b) -> Optional.of(BigInteger.valueOf(number)));
    }
    RandomExpression left = next(random, depth - 1);
    RandomExpression right = next(random, depth - 1);
    boolean infix = random.nextBoolean();
    List<String> operators = infix ? INFIX : CALLS;
    String operator = operators.get(random.nextInt(operators.size()));
    String text =
        infix
            ? "(" + left.text + operator + right.text + ")"
            : operator + "(" + left.text + "," + right.text + ")";
    return new RandomExpression(
        text,
        (a, b) ->
            left.value(a, b)
                .flatMap(x -> right.value(a, b).flatMap(y -> apply(operator, x, y)))
                .filter(value -> value.compareTo(MIN) >= 0 && value.compareTo(MAX) <= 0));
  }

  /** {@return the value, empty where there is none} */
  public Optional<BigInteger> value(long a, long b) {
    return meaning.apply(a, b);
  }

  private static Optional<BigInteger> apply(String operator, BigInteger x, BigInteger y) {
    return switch (operator) {
      case "+" -> Optional.of(x.add(y));
      case "-" -> Optional.of(x.subtract(y));
      case "*" -> Optional.of(x.multiply(y));
      case "<" -> truth(x.compareTo(y) < 0);
      case "<=" -> truth(x.compareTo(y) <= 0);
      case "==" -> truth(x.equals(y));
      case ">=" -> truth(x.compareTo(y) >= 0);
      case ">" -> truth(x.compareTo(y) > 0);
      case "min" -> Optional.of(x.min(y));
      case "max" -> Optional.of(x.max(y));
      case "mod" -> divisor(y).map(x::mod);
      case "floordiv" -> divisor(y).map(d -> x.subtract(x.mod(d)).divide(d));
      case "ceildiv" -> divisor(y).map(d -> x.add(x.negate().mod(d)).divide(d));
      default -> throw new IllegalArgumentException(operator);
    };
  }

  private static Optional<BigInteger> truth(boolean value) {
    return Optional.of(value ? BigInteger.ONE : BigInteger.ZERO);
  }

  private static Optional<BigInteger> divisor(BigInteger value) {
    return value.signum() > 0 ? Optional.of(value) : Optional.empty();
  }
}
