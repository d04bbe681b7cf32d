package dev.kvasir.plans.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpressionRangeTest {

  private static final CounterIndex COUNTERS = CounterIndex.of(List.of("a", "b"), List.of());

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a + b | 10 | 220",
        "b - a | -100 | 110",
        "a * (b - 50) | -5000 | 7000",
        "floordiv(a, 8) | 1 | 12",
        "ceildiv(a, 8) | 2 | 13",
        "mod(a, 64) | 0 | 63",
        "mod(a, 128) | 10 | 100",
        "mod(a, b + 1) | 0 | 100",
        "min(a, 50) | 10 | 50",
        "max(a, 50) | 50 | 100",
        "a < 10 | 0 | 0",
        "a <= 10 | 0 | 1",
        "a >= 10 | 1 | 1",
        "a > 10 | 0 | 1",
        "a == 7 | 0 | 0",
        "a == 11 | 0 | 1",
        "7 == 7 | 1 | 1",
      })
  void rangesOfIndependentOperands(String text, long min, long max) {
    assertThat(
            Expression.parse(text)
                .compile(COUNTERS)
                .evaluateRange(Map.of("a", new Range(10, 100), "b", new Range(0, 120))))
        .isEqualTo(new Range(min, max));
  }

  @Test
  void anOverflowOrAZeroDivisorAnywhereIsAnError() {
    Map<String, Range> ranges = Map.of("a", new Range(0, 1L << 40), "b", new Range(0, 3));
    assertThatThrownBy(() -> Expression.parse("a * a").compile(COUNTERS).evaluateRange(ranges))
        .isInstanceOf(ExpressionException.class)
        .hasMessageContaining("* of 0..1099511627776 and 0..1099511627776: overflow of 64 bits");
    assertThatThrownBy(() -> Expression.parse("mod(5, b)").compile(COUNTERS).evaluateRange(ranges))
        .isInstanceOf(ExpressionException.class)
        .hasMessageContaining("mod of 5 and 0..3: division by less than 1");
  }

  @Test
  void rangesHoldEveryValue() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    int proved = 0;
    for (int i = 0; i < 5_000; i++) {
      RandomExpression sample = RandomExpression.next(random, 3);
      Range a = randomRange(random);
      Range b = randomRange(random);
      CompiledExpression compiled = Expression.parse(sample.text()).compile(COUNTERS);
      Range range;
      try {
        range = compiled.evaluateRange(Map.of("a", a, "b", b));
      } catch (ExpressionException e) {
        continue;
      }
      proved++;
      for (long x = a.min(); x <= a.max(); x++) {
        for (long y = b.min(); y <= b.max(); y++) {
          String place = "seed %d: %s at %d, %d".formatted(seed, sample.text(), x, y);
          long value =
              sample.value(x, y).orElseThrow(() -> new AssertionError(place)).longValueExact();
          assertThat(value).as(place).isBetween(range.min(), range.max());
          assertThat(compiled.evaluateRange(Map.of("a", Range.of(x), "b", Range.of(y))))
              .as(place)
              .isEqualTo(Range.of(value));
        }
      }
    }
    assertThat(proved).as("seed %d", seed).isGreaterThan(1_000);
  }

  private static Range randomRange(Random random) {
    long min = random.nextInt(-6, 70);
    return new Range(min, min + random.nextInt(6));
  }
}
