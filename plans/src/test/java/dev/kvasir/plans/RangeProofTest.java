package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.RangeProof.Domain;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.RandomExpression;
import dev.kvasir.plans.program.Range;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RangeProofTest {

  private static final CounterIndex COUNTERS =
      CounterIndex.of(CounterIndex.PROGRAM_COUNTERS, List.of());

  @Test
  void refutesExactlyWhatAnEnumerationRefutes() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    int refuted = 0;
    for (int i = 0; i < 2_000; i++) {
      RandomExpression sample = RandomExpression.next(random, 3);
      boolean alone = random.nextBoolean();
      String second = alone ? CounterIndex.TOKENS : CounterIndex.SPAN;
      String first = alone ? CounterIndex.TOKENS : CounterIndex.POSITION;
      String text = sample.text().replaceAll("\\ba\\b", first).replaceAll("\\bb\\b", second);
      int context = 1 + random.nextInt(20);
      int maxSpan = 1 + random.nextInt(context);
      Domain domain = new Domain(context, maxSpan, new Range(1, maxSpan));
      Range allowed = new Range(-random.nextInt(3), random.nextInt(40));
      boolean holds = true;
      for (long position = 0; position < context; position++) {
        for (long span = 1; span <= maxSpan && position + span <= context; span++) {
          long tokens = position + span;
          Optional<BigInteger> value =
              alone ? sample.value(tokens, tokens) : sample.value(position, span);
          holds &= value.filter(v -> isWithin(v, allowed)).isPresent();
        }
      }
      CompiledExpression expression = Expression.parse(text).compile(COUNTERS);
      assertThat(new RangeProof().refute(expression, domain, allowed).isEmpty())
          .as("seed %d, case %d: %s in %s for %s", seed, i, text, allowed, domain)
          .isEqualTo(holds);
      refuted += holds ? 0 : 1;
    }
    assertThat(refuted).as("seed %d", seed).isBetween(200, 1_800);
  }

  @Test
  void aLongContextTakesFewSteps() {
    Domain domain = new Domain(1 << 20, 1 << 20, new Range(1, 1 << 20));
    for (String text :
        List.of(
            "tokens - min(tokens, 256)",
            "ceildiv(tokens, 64) - max(ceildiv(tokens, 64) - 8, 0)",
            "mod(tokens, 64) * span")) {
      CompiledExpression expression = Expression.parse(text).compile(COUNTERS);
      assertThat(new RangeProof().refute(expression, domain, new Range(0, Integer.MAX_VALUE)))
          .as(text)
          .isEmpty();
    }
  }

  @Test
  void aProofThatTakesTooLongIsARefusal() {
    Domain domain = new Domain(1 << 20, 1 << 20, new Range(1, 1 << 20));
    CompiledExpression expression =
        Expression.parse("mod(tokens * 7919, 64) - mod(tokens * 7919, 64)").compile(COUNTERS);
    assertThat(new RangeProof().refute(expression, domain, new Range(0, 0)))
        .contains("expected values that can be shown to lie in 0");
  }

  private static boolean isWithin(BigInteger value, Range range) {
    return value.compareTo(BigInteger.valueOf(range.min())) >= 0
        && value.compareTo(BigInteger.valueOf(range.max())) <= 0;
  }
}
