package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.RangeProof.Domain;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.RandomExpression;
import dev.kvasir.plans.program.Range;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RangeProofTest {

  private static final CounterIndex COUNTERS =
      CounterIndex.of(CounterIndex.PROGRAM_COUNTERS, List.of());

  private static final CounterIndex MARKED =
      CounterIndex.of(
          List.of("context", "max_span", "position", "span", "tokens", "m", "n", "s"), List.of());

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
  void refutesExactlyWhatAnEnumerationOverMarksAndSettingsRefutes() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    int refuted = 0;
    for (int i = 0; i < 2_000; i++) {
      RandomExpression sample = RandomExpression.next(random, 3);
      String first = MARKED.names().get(2 + random.nextInt(6));
      String second = MARKED.names().get(5 + random.nextInt(3));
      String text = sample.text().replaceAll("\\ba\\b", first).replaceAll("\\bb\\b", second);
      int context = 1 + random.nextInt(12);
      int maxSpan = 1 + random.nextInt(context);
      SortedMap<String, Range> ages = new TreeMap<>();
      SortedMap<String, Long> initial = new TreeMap<>();
      for (String mark : List.of("m", "n")) {
        long begins = random.nextInt(3) == 0 ? random.nextInt(4) : 0;
        initial.put(mark, begins);
        ages.put(mark, age(random, begins));
      }
      SortedMap<String, Range> settings = new TreeMap<>();
      settings.put("s", new Range(0, random.nextInt(4)));
      Domain domain =
          new Domain(
              context,
              maxSpan,
              new Range(1, maxSpan),
              ages,
              initial,
              settings,
              random.nextBoolean());
      Range allowed = new Range(-random.nextInt(3), random.nextInt(40));
      CompiledExpression expression = Expression.parse(text).compile(MARKED);
      boolean holds =
          states(domain, expression.counters()).stream()
              .allMatch(
                  state ->
                      sample
                          .value(
                              state[MARKED.names().indexOf(first)],
                              state[MARKED.names().indexOf(second)])
                          .filter(value -> isWithin(value, allowed))
                          .isPresent());
      assertThat(new RangeProof().refute(expression, domain, allowed).isEmpty())
          .as("seed %d, case %d: %s in %s for %s", seed, i, text, allowed, domain)
          .isEqualTo(holds);
      refuted += holds ? 0 : 1;
    }
    assertThat(refuted).as("seed %d", seed).isBetween(200, 1_800);
  }

  private static Range age(Random random, long initial) {
    long least = initial > 0 ? -initial : random.nextInt(3);
    return new Range(least, least + random.nextInt(8));
  }

  /** {@return whether a mark was set at that age, or never with its first value} */
  private static boolean canBe(Domain domain, String mark, long base, long age) {
    long initial = domain.initial().getOrDefault(mark, 0L);
    return base - age >= initial && (age >= 0 || base - age == initial);
  }

  /** {@return all counters of each state of a domain; marks that are not used may be anything} */
  private static List<long[]> states(Domain domain, Set<String> used) {
    List<long[]> states = new ArrayList<>();
    Range ofM = domain.ages().getOrDefault("m", Range.of(0));
    Range ofN = domain.ages().getOrDefault("n", Range.of(0));
    Range ofS = domain.settings().getOrDefault("s", Range.of(0));
    for (long position = 0; position < domain.context(); position++) {
      for (long span = 1; span <= domain.maxSpan(); span++) {
        long tokens = position + span;
        long base = domain.afterwards() ? tokens : position;
        for (long m = ofM.min(); m <= ofM.max(); m++) {
          for (long n = ofN.min(); n <= ofN.max(); n++) {
            if (tokens <= domain.context()
                && (canBe(domain, "m", base, m) || !used.contains("m"))
                && (canBe(domain, "n", base, n) || !used.contains("n"))) {
              for (long s = ofS.min(); s <= ofS.max(); s++) {
                states.add(
                    new long[] {
                      domain.context(),
                      domain.maxSpan(),
                      position,
                      span,
                      tokens,
                      base - m,
                      base - n,
                      s
                    });
              }
            }
          }
        }
      }
    }
    return states;
  }

  @Test
  void agesOfMarksInALongContextTakeFewSteps() {
    for (boolean afterwards : new boolean[] {false, true}) {
      SortedMap<String, Range> ages = new TreeMap<>();
      ages.put("m", new Range(0, 511));
      ages.put("n", new Range(0, 63));
      Domain domain =
          new Domain(
              1 << 20,
              4096,
              new Range(1, afterwards ? 1 : 4096),
              ages,
              new TreeMap<>(),
              new TreeMap<>(),
              afterwards);
      String kept = "min(m, max(floordiv(m * 12, 100), 40))";
      RangeProof proof = new RangeProof();
      for (String text :
          List.of(
              "tokens - m",
              "ceildiv(tokens - m, 64)",
              "position - m + 1",
              "mod(position - m + 1, 64)",
              "floordiv(%s - min(%s, 32), 8) * 8 + 32".formatted(kept, kept),
              "ceildiv(%s + position - m + span, 64)".formatted(kept),
              "%s - (m - tokens) * 3".formatted(kept),
              "min(n, 100) + tokens - n + tokens - m")) {
        CompiledExpression expression = Expression.parse(text).compile(MARKED);
        assertThat(proof.refute(expression, domain, new Range(0, Integer.MAX_VALUE)))
            .as(text)
            .isEmpty();
      }
    }
  }

  /** The last of two layers that share a pyramid of 41 %, of which little is left for it. */
  @Test
  void whatCountsFromOneMarkAloneTakesFewSteps() {
    String room = "max(floordiv(m * 41, 100), 11)";
    String most = "min((%1$s - 3) * 2 - floordiv(%1$s - 3, 20), m - 3)".formatted(room);
    String last = "(%s - 3) * 2 - %s".formatted(room, most);
    String even = "max(m <= %1$s, m < (%1$s - 3) * 2)".formatted(room);
    String slots =
        "%1$s * %2$s + (1 - %1$s) * (%3$s - (%3$s - (%4$s)) + 3)".formatted(even, room, most, last);
    String rows =
        "(m <= %1$s) * m + (1 - (m <= %1$s)) * min(floordiv(%1$s - 3, 8) * 8 + 3, m)"
            .formatted("(" + slots + ")");
    CompiledExpression expression = Expression.parse("floordiv(" + rows + ", 64)").compile(MARKED);
    for (boolean afterwards : new boolean[] {false, true}) {
      SortedMap<String, Range> ages = new TreeMap<>();
      ages.put("m", new Range(0, 8));
      Domain domain =
          new Domain(
              1 << 20,
              4096,
              new Range(1, 4096),
              ages,
              new TreeMap<>(),
              new TreeMap<>(),
              afterwards);
      assertThat(new RangeProof().refute(expression, domain, new Range(0, Integer.MAX_VALUE)))
          .isEmpty();
    }
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
