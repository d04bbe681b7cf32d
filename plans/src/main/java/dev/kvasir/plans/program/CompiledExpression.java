package dev.kvasir.plans.program;

import dev.kvasir.plans.program.Instruction.Operator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** An expression bound to an array of counters. Immutable, safe for use by many threads. */
public final class CompiledExpression {

  /** Most steps, the expressions of all segments in it included. */
  private static final int MAX_STEPS = 1 << 16;

  private static final int MAX_STACK = 1 << 11;
  private static final int MAX_SEGMENT_NESTING = 16;
  private static final int NO_PLACE = -1;

  // One per thread and never replaced, so that evaluation allocates nothing once a thread has it.
  private static final ThreadLocal<long[]> STACK =
      ThreadLocal.withInitial(() -> new long[MAX_STACK]);

  private final Expression source;
  private final List<String> names;

  // Step i pushes the counter at places[i], or constants[i], or applies operators[i].
  private final @Nullable Operator[] operators;
  private final int[] places;
  private final long[] constants;

  private CompiledExpression(Expression source, CounterIndex counters, List<Instruction> code) {
    this.source = source;
    this.names = counters.names();
    int steps = code.size();
    operators = new @Nullable Operator[steps];
    places = new int[steps];
    constants = new long[steps];
    Arrays.fill(places, NO_PLACE);
    for (int i = 0; i < steps; i++) {
      switch (code.get(i)) {
        case Operator operator -> operators[i] = operator;
        case Instruction.Constant constant -> constants[i] = constant.value();
        case Instruction.Counter counter ->
            places[i] = counters.index(counter.name()).orElseThrow(() -> unknown(counter.name()));
        case Instruction.Rows rows -> throw new IllegalStateException("not inlined: " + rows);
      }
    }
  }

  static CompiledExpression compile(Expression source, CounterIndex counters) {
    List<Instruction> code = new ArrayList<>();
    inline(source, source, counters, new ArrayDeque<>(), code);
    int depth = 0;
    for (Instruction instruction : code) {
      depth += instruction instanceof Operator ? -1 : 1;
      if (depth > MAX_STACK) {
        throw new ExpressionException(source.text(), 0, "expected fewer levels of segments");
      }
    }
    return new CompiledExpression(source, counters, code);
  }

  private static void inline(
      Expression whole,
      Expression part,
      CounterIndex counters,
      Deque<String> within,
      List<Instruction> code) {
    for (Instruction instruction : part.code()) {
      if (!(instruction instanceof Instruction.Rows rows)) {
        code.add(instruction);
      } else {
        String segment = rows.segment();
        if (within.contains(segment)) {
          throw new ExpressionException(
              whole.text(), 0, "the rows of segment %s depend on themselves".formatted(segment));
        }
        if (within.size() == MAX_SEGMENT_NESTING) {
          throw new ExpressionException(
              whole.text(),
              0,
              "expected at most %d segments that build on each other"
                  .formatted(MAX_SEGMENT_NESTING));
        }
        Expression target =
            counters
                .rows(segment)
                .orElseThrow(
                    () -> new ExpressionException(whole.text(), 0, "no segment " + segment));
        within.push(segment);
        inline(whole, target, counters, within, code);
        within.pop();
      }
      if (code.size() > MAX_STEPS) {
        throw new ExpressionException(
            whole.text(), 0, "expected at most %d operations".formatted(MAX_STEPS));
      }
    }
  }

  /** {@return what was compiled} */
  public Expression source() {
    return source;
  }

  /** {@return how many steps an evaluation takes} */
  public int steps() {
    return operators.length;
  }

  /** {@return the counters whose values matter, rows of segments resolved} */
  public Set<String> counters() {
    Set<String> used = new TreeSet<>();
    for (int place : places) {
      if (place != NO_PLACE) {
        used.add(names.get(place));
      }
    }
    return used;
  }

  /**
   * {@return the value}
   *
   * @param counters values in the order of the index that this was compiled with
   * @throws ExpressionException on overflow and on division by less than 1
   */
  public long evaluate(long[] counters) {
    long[] stack = STACK.get();
    int top = -1;
    for (int i = 0; i < operators.length; i++) {
      Operator operator = operators[i];
      if (operator != null) {
        top--;
        try {
          stack[top] = operator.apply(stack[top], stack[top + 1]);
        } catch (ArithmeticException e) {
          throw noValue(operator, stack[top], stack[top + 1], counters, e);
        }
      } else {
        top++;
        stack[top] = places[i] == NO_PLACE ? constants[i] : counters[places[i]];
      }
    }
    return stack[0];
  }

  /**
   * {@return a range that holds the value for all counters within the given ranges}
   *
   * <p>Operands are taken as independent, so that the range can be wider than the values are; it is
   * exact where each range holds one value.
   *
   * @param counters the range of each counter that the expression uses
   * @throws ExpressionException when the range of an operation overflows or that of a divisor
   *     begins below 1
   */
  public Range evaluateRange(Map<String, Range> counters) {
    return evaluateRange(counters, true);
  }

  /**
   * {@return the range of {@link #evaluateRange}, empty where that throws; says not why and so
   * takes a fraction of the time}
   */
  public Optional<Range> findRange(Map<String, Range> counters) {
    try {
      return Optional.of(evaluateRange(counters, false));
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  /**
   * {@return a range that holds the value, empty where there is none as for {@link
   * #findRange(Map)}}
   *
   * <p>Narrower than the other method finds it where counters share variables.
   *
   * @param counters the range of each counter that the expression uses
   * @param sums how counters depend on each other
   */
  public Optional<Range> findRange(Map<String, Range> counters, CounterSums sums) {
    List<Range> variables = sums.variables();
    Deque<SummedRange> stack = new ArrayDeque<>();
    try {
      for (int i = 0; i < operators.length; i++) {
        Operator operator = operators[i];
        if (operator != null) {
          SummedRange right = stack.pop();
          stack.push(SummedRange.apply(operator, stack.pop(), right, variables));
        } else if (places[i] == NO_PLACE) {
          stack.push(SummedRange.independent(Range.of(constants[i]), variables));
        } else {
          String name = names.get(places[i]);
          Range range = rangeOf(name, counters);
          List<Integer> factors = sums.factors().get(name);
          stack.push(
              factors == null
                  ? SummedRange.independent(range, variables)
                  : SummedRange.counter(range, factors, variables));
        }
      }
      return Optional.of(stack.pop().range());
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  private static Range rangeOf(String name, Map<String, Range> counters) {
    Range range = counters.get(name);
    if (range == null) {
      throw new IllegalArgumentException("no range of counter " + name);
    }
    return range;
  }

  private Range evaluateRange(Map<String, Range> counters, boolean explain) {
    Range[] byPlace = new Range[names.size()];
    for (String name : counters()) {
      byPlace[names.indexOf(name)] = rangeOf(name, counters);
    }
    Deque<Range> stack = new ArrayDeque<>();
    for (int i = 0; i < operators.length; i++) {
      Operator operator = operators[i];
      if (operator != null) {
        Range right = stack.pop();
        Range left = stack.pop();
        try {
          stack.push(RangeArithmetic.apply(operator, left, right));
        } catch (ArithmeticException e) {
          if (!explain) {
            throw e;
          }
          ExpressionException failure =
              new ExpressionException(
                  source.text(),
                  0,
                  "%s of %s and %s: %s for %s"
                      .formatted(
                          operator.text(), left, right, operator.failure(right.min()), counters));
          failure.initCause(e);
          throw failure;
        }
      } else {
        stack.push(places[i] == NO_PLACE ? Range.of(constants[i]) : byPlace[places[i]]);
      }
    }
    return stack.pop();
  }

  private ExpressionException noValue(
      Operator operator, long left, long right, long[] counters, ArithmeticException cause) {
    List<String> values = new ArrayList<>();
    for (String name : counters()) {
      values.add(name + " = " + counters[names.indexOf(name)]);
    }
    ExpressionException failure =
        new ExpressionException(
            source.text(),
            0,
            "%s of %d and %d: %s for %s"
                .formatted(
                    operator.text(),
                    left,
                    right,
                    operator.failure(right),
                    values.isEmpty() ? "all counters" : String.join(", ", values)));
    failure.initCause(cause);
    return failure;
  }

  private ExpressionException unknown(String name) {
    return new ExpressionException(
        source.text(),
        0,
        "no counter %s here; there are %s".formatted(name, String.join(", ", names)));
  }
}
