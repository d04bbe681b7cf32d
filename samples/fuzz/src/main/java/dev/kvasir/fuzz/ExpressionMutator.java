package dev.kvasir.fuzz;

import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Changes texts in the grammar of a plan's expressions, mostly into others of that grammar. */
final class ExpressionMutator {

  private static final Pattern NUMBER = Pattern.compile("\\d+");
  private static final Pattern NAME = Pattern.compile("[a-z_]+");
  private static final int MAX_DEPTH = 5;

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "1",
          "2",
          "3",
          "63",
          "64",
          "65",
          "4096",
          "65536",
          "16777216",
          "2147483647",
          "2147483648",
          "4294967296",
          "9223372036854775807",
          "9223372036854775808",
          "99999999999999999999999999");
  private static final List<String> COUNTERS =
      List.of(
          "context",
          "max_span",
          "position",
          "span",
          "tokens",
          "rows(layer.0.ring)",
          "rows(layer.0.sink)",
          "rows(layer.0.full)",
          "rows(none)");
  private static final List<String> FUNCTIONS = List.of("min", "max", "floordiv", "ceildiv", "mod");
  private static final List<String> OPERATORS =
      List.of(" + ", " - ", " * ", " == ", " != ", " < ", " <= ", " > ", " >= ");

  private final SplittableRandom random;

  ExpressionMutator(SplittableRandom random) {
    this.random = random;
  }

  /** {@return another text, seldom the same} */
  String mutate(String text) {
    return switch (random.nextInt(10)) {
      case 0 -> replaceOne(text, NUMBER, pick(NUMBERS));
      case 1 -> replaceOne(text, NAME, random.nextBoolean() ? pick(COUNTERS) : pick(FUNCTIONS));
      case 2 -> "%s(%s, %s)".formatted(pick(FUNCTIONS), text, pick(NUMBERS));
      case 3 -> "(%s)%s(%s)".formatted(text, pick(OPERATORS), expression(2));
      case 4 -> "(%s) - (%s) + %s".formatted(text, text, expression(1));
      case 5 -> expression(MAX_DEPTH);
      case 6 -> {
        int levels = random.nextInt(1, 400);
        yield "(".repeat(levels) + text + ")".repeat(random.nextInt(5) == 0 ? levels - 1 : levels);
      }
      case 7 -> (text + pick(OPERATORS)).repeat(random.nextInt(1, 200)) + text;
      case 8 -> {
        int levels = random.nextInt(1, 40);
        yield "%s(".formatted(pick(FUNCTIONS)).repeat(levels) + text + ", span)".repeat(levels);
      }
      default -> slow();
    };
  }

  // True for all values, but interval arithmetic sees it only at single points.
  private String slow() {
    String part = pick(List.of("tokens", "position", "span"));
    String divisor = pick(NUMBERS.subList(1, 9));
    return "%s - floordiv(%s, %s) * %s - mod(%s, %s) + %s"
        .formatted(part, part, divisor, divisor, part, divisor, pick(List.of("0", "1", "span")));
  }

  private String expression(int depth) {
    if (depth == 0 || random.nextInt(4) == 0) {
      return pick(random.nextBoolean() ? NUMBERS : COUNTERS);
    }
    String left = expression(depth - 1);
    String right = expression(depth - 1);
    return random.nextBoolean()
        ? "%s(%s, %s)".formatted(pick(FUNCTIONS), left, right)
        : "(%s)%s(%s)".formatted(left, pick(OPERATORS), right);
  }

  private String replaceOne(String text, Pattern pattern, String replacement) {
    List<MatchResult> found = pattern.matcher(text).results().toList();
    if (found.isEmpty()) {
      return replacement;
    }
    MatchResult one = found.get(random.nextInt(found.size()));
    return text.substring(0, one.start()) + replacement + text.substring(one.end());
  }

  private String pick(List<String> texts) {
    return texts.get(random.nextInt(texts.size()));
  }
}
