package dev.kvasir.plans.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.kvasir.plans.StorageFormat;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpressionTest {

  private static final CounterIndex COUNTERS = CounterIndex.of(List.of("a", "b"), List.of());

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1+2*3 | 1 + 2 * 3 | 7",
        "(1+2)*3 | (1 + 2) * 3 | 9",
        "((1)) - (2 - 3) | 1 - (2 - 3) | 2",
        "1 - 2 - 3 | 1 - 2 - 3 | -4",
        "(1 - 2) - 3 | 1 - 2 - 3 | -4",
        "2 * (3 * 4) | 2 * (3 * 4) | 24",
        "1 - -1 | 1 - -1 | 2",
        "1--1 | 1 - -1 | 2",
        "-9223372036854775808 | -9223372036854775808 | -9223372036854775808",
        "floordiv( -7,2) | floordiv(-7, 2) | -4",
        "ceildiv(7, 2) | ceildiv(7, 2) | 4",
        "ceildiv(-7, 2) | ceildiv(-7, 2) | -3",
        "mod(-7, 4) | mod(-7, 4) | 1",
        "min(3, max(1, 2)) | min(3, max(1, 2)) | 2",
        "1 + 1 == 2 | 1 + 1 == 2 | 1",
        "(1 < 2) + 1 | (1 < 2) + 1 | 2",
        "(1 < 2) == (3 >= 3) | (1 < 2) == (3 >= 3) | 1",
        "2 <= 1 | 2 <= 1 | 0",
        "2 > 1 | 2 > 1 | 1",
      })
  void printsCanonicallyAndEvaluates(String text, String canonical, long value) {
    Expression expression = Expression.parse(text);
    assertThat(expression.text()).isEqualTo(canonical);
    assertThat(expression.compile(COUNTERS).evaluate(new long[2])).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | 1 | expected a number, a counter, a function or \"(\", got the end",
        "1 + | 4 | expected a number, a counter, a function or \"(\", got the end",
        "1 2 | 3 | expected an operator or the end, got \"2\"",
        "(1 | 3 | expected \")\", got the end",
        "min(1) | 6 | expected \",\", got \")\"",
        "min 1 | 5 | expected \"(\", got \"1\"",
        "rows() | 6 | expected the name of a segment, got \")\"",
        "1 < 2 < 3 | 7 | expected an operator or the end, got \"<\"",
        "1 = 2 | 3 | expected an operator or the end, got \"=\"",
        "a & b | 3 | expected an operator or the end, got \"&\"",
        "99999999999999999999 | 1 | expected a 64-bit integer, got 99999999999999999999",
        "1 + - | 5 | expected a 64-bit integer, got -",
      })
  void refusesWithAColumn(String text, int column, String problem) {
    assertThatThrownBy(() -> Expression.parse(text))
        .isInstanceOfSatisfying(
            ExpressionException.class,
            e -> {
              assertThat(e.column()).isEqualTo(column);
              assertThat(e.problem()).isEqualTo(problem);
            });
  }

  @Test
  void nestingAndLengthAreBounded() {
    String deep = "(".repeat(Expression.MAX_NESTING) + "1" + ")".repeat(Expression.MAX_NESTING);
    assertThatThrownBy(() -> Expression.parse(deep)).hasMessageContaining("at most 64 levels");
    String chain = "1" + "+1".repeat(10_000);
    assertThat(Expression.parse(chain).compile(COUNTERS).evaluate(new long[2])).isEqualTo(10_001);
    String longText = "1" + "+1".repeat(Expression.MAX_LENGTH / 2);
    assertThatThrownBy(() -> Expression.parse(longText)).hasMessageContaining("at most 65536");
    // Short enough as written, too long with its spaces.
    String wider = "1" + "+1".repeat(20_000);
    assertThatThrownBy(() -> Expression.parse(wider)).hasMessageContaining("at most 65536");
  }

  @Test
  void buildersSpellWhatTheyMean() {
    Expression tokens = Expression.counter("tokens");
    assertThat(tokens.plus(1).times(2).minus(3).text()).isEqualTo("(tokens + 1) * 2 - 3");
    assertThat(tokens.ceilDivide(64).min(6).text()).isEqualTo("min(ceildiv(tokens, 64), 6)");
    assertThat(tokens.floorDivide(64).max(Expression.rows("layer.1.ring").mod(64)).text())
        .isEqualTo("max(floordiv(tokens, 64), mod(rows(layer.1.ring), 64))");
    assertThat(tokens.lessThan(tokens.greaterThan(tokens)).text())
        .isEqualTo("tokens < (tokens > tokens)");
    assertThat(tokens.lessOrEqual(tokens).text()).isEqualTo("tokens <= tokens");
    assertThat(tokens.greaterOrEqual(tokens).text()).isEqualTo("tokens >= tokens");
    assertThat(tokens.equalTo(tokens).text()).isEqualTo("tokens == tokens");
    assertThat(Expression.sum(List.of(tokens, tokens.times(2), tokens)).text())
        .isEqualTo("tokens + tokens * 2 + tokens");
    assertThat(Expression.sum(List.of()).text()).isEqualTo("0");
    assertThatThrownBy(() -> Expression.counter("rows"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Expression.rows("a)")).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "9223372036854775807 + a | + of 9223372036854775807 and 3: overflow of 64 bits for a = 3",
        "4611686018427387904 * a | * of 4611686018427387904 and 3: overflow of 64 bits for a = 3",
        "-9223372036854775807 - a | - of -9223372036854775807 and 3: overflow of 64 bits for a = 3",
        "floordiv(a, b) | floordiv of 3 and 0: division by less than 1 for a = 3, b = 0",
        "mod(1, b - a) | mod of 1 and -3: division by less than 1 for a = 3, b = 0",
        "ceildiv(1, 0) | ceildiv of 1 and 0: division by less than 1 for all counters",
      })
  void valuesThatDoNotExist(String text, String problem) {
    CompiledExpression expression = Expression.parse(text).compile(COUNTERS);
    assertThatThrownBy(() -> expression.evaluate(new long[] {3, 0}))
        .isInstanceOfSatisfying(
            ExpressionException.class, e -> assertThat(e.problem()).isEqualTo(problem));
  }

  @Test
  void rowsOfSegmentsAreInlined() {
    CounterIndex counters =
        CounterIndex.of(
            List.of("tokens"),
            List.of(segment("sink", "min(tokens, 64)"), segment("ring", "tokens - rows(sink)")));
    CompiledExpression expression = Expression.parse("2 * rows(ring)").compile(counters);
    assertThat(expression.evaluate(new long[] {100})).isEqualTo(72);
    assertThat(expression.counters()).containsExactly("tokens");
  }

  @Test
  void rowsThatDependOnThemselvesAreRefused() {
    CounterIndex counters =
        CounterIndex.of(
            List.of("tokens"), List.of(segment("x", "rows(y)"), segment("y", "1 + rows(x)")));
    assertThatThrownBy(() -> Expression.parse("rows(x)").compile(counters))
        .hasMessageContaining("segment x depend on themselves");
  }

  @Test
  void rowsThatMultiplyAreRefused() {
    List<SegmentDeclaration> segments = new ArrayList<>();
    segments.add(segment("s0", "tokens"));
    for (int i = 1; i < 16; i++) {
      String previous = "rows(s" + (i - 1) + ")";
      segments.add(segment("s" + i, String.join("+", Collections.nCopies(8, previous))));
    }
    CounterIndex counters = CounterIndex.of(List.of("tokens"), segments);
    assertThatThrownBy(() -> Expression.parse("rows(s15)").compile(counters))
        .hasMessageContaining("at most 65536 operations");
  }

  @Test
  void unknownNamesAreRefused() {
    assertThatThrownBy(() -> Expression.parse("tokns").compile(COUNTERS))
        .hasMessageContaining("no counter tokns here; there are a, b");
    assertThatThrownBy(() -> Expression.parse("rows(x)").compile(COUNTERS))
        .hasMessageContaining("no segment x");
  }

  @Test
  void randomExpressionsRoundTripAndHaveExactValues() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 5_000; i++) {
      RandomExpression sample = RandomExpression.next(random, 5);
      Expression expression = Expression.parse(sample.text());
      String place = "seed %d, case %d: %s".formatted(seed, i, sample.text());
      assertThat(Expression.parse(expression.text())).as(place).isEqualTo(expression);
      long a = random.nextInt(-5, 100);
      long b = random.nextInt(-5, 100);
      Optional<BigInteger> expected = sample.value(a, b);
      CompiledExpression compiled = expression.compile(COUNTERS);
      if (expected.isPresent()) {
        assertThat(BigInteger.valueOf(compiled.evaluate(new long[] {a, b})))
            .as(place)
            .isEqualTo(expected.get());
      } else {
        assertThatThrownBy(() -> compiled.evaluate(new long[] {a, b}))
            .as(place)
            .isInstanceOf(ExpressionException.class);
      }
    }
  }

  @Test
  void damagedTextIsRefusedOrMeansSomething() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    String alphabet = "abrows(),+-*<=> 0123456789.mindivmodfloor";
    for (int i = 0; i < 5_000; i++) {
      StringBuilder text = new StringBuilder(RandomExpression.next(random, 4).text());
      for (int change = random.nextInt(4); change >= 0; change--) {
        int at = random.nextInt(text.length());
        text.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        Expression parsed = Expression.parse(text.toString());
        assertThat(Expression.parse(parsed.text())).as("seed %d", seed).isEqualTo(parsed);
      } catch (ExpressionException e) {
        assertThat(e.column()).as("seed %d: %s", seed, text).isBetween(1, text.length() + 1);
      }
    }
  }

  @Test
  void evaluationAllocatesNothing() {
    CompiledExpression expression =
        Expression.parse("min(ceildiv(a, 64), 6) * 3 + mod(b, 7)").compile(COUNTERS);
    long[] counters = {1_000, 5};
    long sum = 0;
    for (int i = 0; i < 20_000; i++) {
      sum += expression.evaluate(counters);
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 20_000; i++) {
      sum += expression.evaluate(counters);
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(sum).isEqualTo(40_000L * 23);
    assertThat(allocated).isLessThan(1_000);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tokens | tokens",
        "tokens + 2 * (span + 1) * 3 + min(span + 1, 7) | tokens ; 2 * (span + 1) * 3 ; min(span + 1, 7)",
        "(tokens - span) + (span < 3) + -4 | tokens - span + (span < 3) + -4",
        "2 + (tokens - span) | 2 ; tokens - span",
        "tokens + 1 < 4 + span | tokens + 1 < 4 + span",
        "tokens - 1 + span | tokens - 1 + span",
        "tokens + (span + 1) | tokens ; span + 1",
      })
  void termsAreTheOperandsOfTheOutermostAdditions(String whole, String terms) {
    Expression expression = Expression.parse(whole);
    List<Expression> found = expression.terms();
    assertThat(Expression.sum(found)).isEqualTo(expression);
    assertThat(found.stream().map(Expression::text)).containsExactly(terms.split(" ; ", -1));
  }

  private static SegmentDeclaration segment(String name, String rows) {
    return new SegmentDeclaration(
        name,
        0,
        List.of(0),
        StorageFormat.F32,
        64,
        64,
        "pool",
        "table",
        0,
        1,
        Expression.parse(rows),
        Expression.constant(0),
        0,
        Optional.empty(),
        Optional.empty());
  }
}
