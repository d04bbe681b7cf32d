package dev.kvasir.codegen.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program.Mark;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MostBytesTest {

  private static final int CONTEXT = 400;
  private static final int SPAN = 100;
  private static final List<Mark> MARKS =
      List.of(new Mark("selected_70", 70), new Mark("selected_130", 130), new Mark("other_9", 9));

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  /** Formulas that grow, fall, leap and swing, against a walk over all tokens and all ages. */
  @Test
  void areThoseOfAWalkOverAllStates() {
    for (int round = 0; round < 150; round++) {
      List<Mark> marks = MARKS.subList(0, random.nextInt(MARKS.size() + 1));
      List<Expression> terms = new ArrayList<>();
      for (int term = random.nextInt(6); term >= 0; term--) {
        terms.add(term(marks));
      }
      assertSame(Expression.sum(terms), marks, 1 + random.nextInt(CONTEXT));
    }
  }

  @Test
  void equalBytesAreThoseOfTheMostTokens() {
    MostBytes bytes = of(Expression.parse("7 * min(tokens, 100) + 3"), List.of());
    assertThat(bytes.within(399)).isEqualTo(new MostBytes.Place(399, 703));
    assertThat(bytes.within(100)).isEqualTo(new MostBytes.Place(100, 703));
    assertThat(bytes.within(99)).isEqualTo(new MostBytes.Place(99, 696));
    assertThat(bytes.within(0)).isEqualTo(new MostBytes.Place(0, 3));
  }

  @Test
  void bytesThatFallAreFoundWhereTheyAreMost() {
    assertThat(of(Expression.parse("max(tokens * 2, 90) * (tokens < 60)"), List.of()).within(400))
        .isEqualTo(new MostBytes.Place(59, 118));
  }

  /** A long context must not be walked through: this one would take minutes. */
  @Test
  void longContextsAreSearchedAndNotWalked() {
    int context = 1 << 28;
    List<Mark> marks = List.of(new Mark("selected_512", 512));
    Expression kept = Expression.parse("floordiv(floordiv(selected_512 * 12, 100), 8) * 8 + 32");
    List<Expression> terms = new ArrayList<>();
    for (int layer = 0; layer < 100; layer++) {
      terms.add(kept.plus(layer).ceilDivide(64).times(8192));
      terms.add(Expression.parse("8192 * ceildiv(tokens - selected_512, 64)"));
    }
    MostBytes bytes =
        new MostBytes(
            Expression.sum(terms),
            CounterIndex.of(
                Stream.concat(
                        CounterIndex.PROGRAM_COUNTERS.stream(), marks.stream().map(Mark::name))
                    .toList(),
                List.of()),
            marks,
            context,
            context);
    MostBytes.Place most = bytes.within(context);
    assertThat(most.tokens()).isEqualTo(context);
    assertThat(most.bytes()).isEqualTo(bytes.at(context));
  }

  private Expression term(List<Mark> marks) {
    String counter =
        marks.isEmpty() || random.nextInt(4) == 0
            ? "tokens"
            : marks.get(random.nextInt(marks.size())).name();
    Expression rows = rows(Expression.counter(counter));
    if (!counter.equals("tokens") && random.nextBoolean()) {
      rows = Expression.parse("tokens").minus(Expression.counter(counter));
      if (random.nextBoolean()) {
        rows = rows(rows);
      }
    }
    if (random.nextBoolean()) {
      rows = rows.ceilDivide(1 + random.nextInt(64));
    }
    return rows.times(1 + random.nextInt(1000));
  }

  /** Rows that a segment keeps of others, as budgets have them and otherwise. */
  private Expression rows(Expression all) {
    int number = 1 + random.nextInt(200);
    Expression few = all.lessThan(Expression.constant(number));
    return switch (random.nextInt(8)) {
      case 0 -> all;
      case 1 -> all.min(number);
      case 2 -> all.minus(number).max(0);
      case 3 -> all.times(random.nextInt(100)).floorDivide(100).floorDivide(8).times(8).plus(16);
      case 4 -> all.mod(number);
      case 5 -> few.times(all).plus(Expression.constant(1).minus(few).times(all.min(40)));
      // The first layers of a pyramid grow until all of the rest is theirs.
      case 6 ->
          all.times(2).minus(all.floorDivide(20)).min(all.minus(8)).max(0).plus(all.min(number));
      default -> Expression.constant(number).minus(all).max(3);
    };
  }

  private static MostBytes of(Expression formula, List<Mark> marks) {
    return new MostBytes(formula, counters(marks), marks, CONTEXT, SPAN);
  }

  private static CounterIndex counters(List<Mark> marks) {
    return CounterIndex.of(
        Stream.concat(CounterIndex.PROGRAM_COUNTERS.stream(), marks.stream().map(Mark::name))
            .toList(),
        List.of());
  }

  private void assertSame(Expression formula, List<Mark> marks, int bound) {
    CompiledExpression compiled = formula.compile(counters(marks));
    MostBytes bytes = of(formula, marks);
    long most = Long.MIN_VALUE;
    int last = 0;
    for (int tokens = 0; tokens <= bound; tokens++) {
      long walked = walked(compiled, marks, tokens);
      assertThat(bytes.at(tokens))
          .as("seed %d, %s at %d tokens", seed, formula.text(), tokens)
          .isEqualTo(walked);
      if (walked >= most) {
        most = walked;
        last = tokens;
      }
    }
    assertThat(bytes.within(bound))
        .as("seed %d, %s up to %d tokens", seed, formula.text(), bound)
        .isEqualTo(new MostBytes.Place(last, most));
  }

  /** One mark after the other may be older, since no term has two. */
  private static long walked(CompiledExpression formula, List<Mark> marks, int tokens) {
    long[] values = new long[CounterIndex.PROGRAM_COUNTERS.size() + marks.size()];
    CounterIndex.set(values, CONTEXT, SPAN, tokens, 0);
    for (int mark = 0; mark < marks.size(); mark++) {
      int place = CounterIndex.PROGRAM_COUNTERS.size() + mark;
      values[place] = tokens;
    }
    for (int mark = 0; mark < marks.size(); mark++) {
      int place = CounterIndex.PROGRAM_COUNTERS.size() + mark;
      long best = Long.MIN_VALUE;
      int bestAge = 0;
      for (int age = 0; age < marks.get(mark).most() && age <= tokens; age++) {
        values[place] = (long) tokens - age;
        long value = formula.evaluate(values);
        if (value > best) {
          best = value;
          bestAge = age;
        }
      }
      values[place] = (long) tokens - bestAge;
    }
    return formula.evaluate(values);
  }
}
