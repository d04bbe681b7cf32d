package dev.kvasir.codegen.driver;

import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.CounterSums;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program.Mark;
import dev.kvasir.plans.program.Range;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * The most bytes that a formula over tokens and marks gives for any age of the marks, and at which
 * number of tokens.
 *
 * <p>The formula is a sum of terms with at most one mark each, and marks have ages of their own. So
 *
 * <pre>{@code
 * most(T) = terms without a mark at T + sum over marks of the largest sum, over ages, of its terms
 * }</pre>
 *
 * <p>The largest of many T is found without looking at each. A queue holds ranges that together are
 * all T, each with a number that no most(T) in it exceeds, by interval arithmetic over the range
 * and over one page of ages after another; of a range of one T it is most(T). The range with the
 * largest number, of equal ones that which ends last, is taken out and replaced by its halves,
 * until it is one T. Then no T has more, since all others lie in ranges with no larger number; and
 * none beyond it has as much, since that would lie in a range with as large a number that ends
 * later.
 *
 * <p>Bytes mostly grow with tokens, and interval arithmetic is exact at the upper end of what
 * grows: the first ranges that are looked at then end at the largest T, and few others are.
 */
final class MostBytes {

  /** Ages in one step; a tail has as many pages in all of it. */
  private static final int STEP = PageLayout.ROWS;

  private final CounterIndex counters;
  private final int context;
  private final int span;
  private final List<Mark> marks;
  private final List<Term> unmarked = new ArrayList<>();
  private final List<List<Term>> marked = new ArrayList<>();

  /** A term, and how often it is in the sum. */
  private record Term(CompiledExpression expression, long times) {
    long value(long[] values) {
      return Math.multiplyExact(times, expression.evaluate(values));
    }
  }

  /**
   * Numbers of tokens.
   *
   * @param bound at least what any of them needs
   */
  private record Candidates(int first, int last, long bound) {}

  /**
   * Bytes, and where they are needed.
   *
   * @param tokens the most tokens with which they are
   */
  record Place(int tokens, long bytes) {}

  MostBytes(Expression formula, CounterIndex counters, List<Mark> marks, int context, int span) {
    this.counters = counters;
    this.context = context;
    this.span = span;
    this.marks = marks;
    Map<Expression, Long> terms = new LinkedHashMap<>();
    formula.terms().forEach(term -> terms.merge(term, 1L, Long::sum));
    marks.forEach(unused -> marked.add(new ArrayList<>()));
    terms.forEach((term, times) -> add(new Term(term.compile(counters), times)));
  }

  private void add(Term term) {
    List<Integer> used = new ArrayList<>();
    for (int mark = 0; mark < marks.size(); mark++) {
      if (term.expression().counters().contains(marks.get(mark).name())) {
        used.add(mark);
      }
    }
    if (used.size() > 1) {
      throw new IllegalStateException(
          "a term of more than one mark: " + term.expression().source().text());
    }
    (used.isEmpty() ? unmarked : marked.get(used.getFirst())).add(term);
  }

  /** {@return the most bytes with that many tokens, however long ago marks were set} */
  long at(int tokens) {
    long[] values = new long[counters.names().size()];
    CounterIndex.set(values, context, span, tokens, 0);
    for (int mark = 0; mark < marks.size(); mark++) {
      values[CounterIndex.PROGRAM_COUNTERS.size() + mark] = value(mark, tokens);
    }
    long bytes = sum(unmarked, values);
    for (int mark = 0; mark < marks.size(); mark++) {
      bytes = Math.addExact(bytes, mostOfAges(mark, values, tokens));
    }
    return bytes;
  }

  private long mostOfAges(int mark, long[] values, int tokens) {
    int counter = CounterIndex.PROGRAM_COUNTERS.size() + mark;
    long most = sum(marked.get(mark), values);
    for (Range ages : ages(mark, tokens)) {
      if (boundOfAges(mark, new Range(tokens, tokens), ages) > most) {
        for (long age = ages.min(); age <= ages.max(); age++) {
          values[counter] = value(mark, tokens - age);
          most = Math.max(most, sum(marked.get(mark), values));
        }
      }
    }
    values[counter] = value(mark, tokens);
    return most;
  }

  /** {@return a mark that was set at so many tokens, or never} */
  private long value(int mark, long set) {
    return Math.max(marks.get(mark).initial(), set);
  }

  private static long sum(List<Term> terms, long[] values) {
    long sum = 0;
    for (Term term : terms) {
      sum = Math.addExact(sum, term.value(values));
    }
    return sum;
  }

  /** {@return the most tokens, up to {@code largest}, among those that need the most bytes} */
  Place within(int largest) {
    PriorityQueue<Candidates> open =
        new PriorityQueue<>(
            Comparator.comparingLong(Candidates::bound)
                .thenComparingInt(Candidates::last)
                .reversed());
    open.add(candidates(0, largest));
    while (true) {
      Candidates best = open.remove();
      if (best.first() == best.last()) {
        return new Place(best.last(), best.bound());
      }
      int middle = best.first() + (best.last() - best.first()) / 2;
      open.add(candidates(best.first(), middle));
      open.add(candidates(middle + 1, best.last()));
    }
  }

  private Candidates candidates(int first, int last) {
    return new Candidates(first, last, first == last ? at(last) : bound(new Range(first, last)));
  }

  private long bound(Range tokens) {
    Map<String, Range> ranges = ranges(tokens);
    long bound = 0;
    for (Term term : unmarked) {
      bound = added(bound, term, term.expression().findRange(ranges));
    }
    for (int mark = 0; mark < marks.size(); mark++) {
      long most = 0;
      for (Range ages : ages(mark, tokens.max())) {
        most = Math.max(most, boundOfAges(mark, tokens, ages));
      }
      bound = bound + most < 0 ? Long.MAX_VALUE : bound + most;
    }
    return bound;
  }

  /** {@return no less than the terms of a mark give with any of these tokens and ages} */
  private long boundOfAges(int mark, Range tokens, Range ages) {
    Map<String, Range> ranges = ranges(tokens);
    String name = marks.get(mark).name();
    ranges.put(
        name,
        new Range(value(mark, tokens.min() - ages.max()), value(mark, tokens.max() - ages.min())));
    // One that may never have been set is no difference of tokens and an age.
    int initial = marks.get(mark).initial();
    boolean isSet = initial == 0 || initial <= tokens.min() - ages.max();
    CounterSums sums =
        new CounterSums(
            List.of(tokens, ages),
            Map.of(CounterIndex.TOKENS, List.of(1, 0), name, List.of(1, -1)));
    long bound = 0;
    for (Term term : marked.get(mark)) {
      CompiledExpression rows = term.expression();
      bound = added(bound, term, isSet ? rows.findRange(ranges, sums) : rows.findRange(ranges));
    }
    return bound;
  }

  private Map<String, Range> ranges(Range tokens) {
    Map<String, Range> ranges = new HashMap<>();
    ranges.put(CounterIndex.CONTEXT, Range.of(context));
    ranges.put(CounterIndex.MAX_SPAN, Range.of(span));
    ranges.put(CounterIndex.POSITION, tokens);
    ranges.put(CounterIndex.SPAN, Range.of(0));
    ranges.put(CounterIndex.TOKENS, tokens);
    return ranges;
  }

  /** The largest number stands for what is not known: bytes are not negative. */
  private static long added(long bound, Term term, Optional<Range> range) {
    if (range.isEmpty() || bound == Long.MAX_VALUE) {
      return Long.MAX_VALUE;
    }
    try {
      return Math.addExact(bound, Math.multiplyExact(term.times(), range.get().max()));
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE;
    }
  }

  /** {@return the ages that a mark can have with so many tokens, step by step, 0 by itself} */
  private List<Range> ages(int mark, long tokens) {
    long oldest = Math.min(marks.get(mark).most() - 1L, tokens);
    List<Range> ages = new ArrayList<>();
    ages.add(Range.of(0));
    for (long first = 1; first <= oldest; first += STEP) {
      ages.add(new Range(first, Math.min(first + STEP - 1, oldest)));
    }
    return ages;
  }
}
