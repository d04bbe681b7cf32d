package dev.kvasir.plans;

import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.Range;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Shows that expressions stay in range for every value of the counters that a session can reach.
 *
 * <p>Interval arithmetic takes operands as independent and so finds values that never occur, as in
 * {@code tokens - min(tokens, 256)}. Where it fails for a box of counters the box is halved, down
 * to single points, at which it is exact: a refusal either has a witness or has run out of steps.
 */
final class RangeProof {

  // For the whole plan and counted in operations, so that a hostile one with many boxes or with
  // long expressions cannot keep the reader busy.
  private static final int MAX_OPERATIONS = 1 << 22;

  /**
   * The spans that a procedure can be run for.
   *
   * @param context most tokens
   * @param maxSpan most rows of a span that the manifest allows
   * @param span rows of a span here
   */
  record Domain(long context, long maxSpan, Range span) {

    Range position() {
      return new Range(0, context - span.min());
    }
  }

  private record Box(Range position, Range span) {}

  private record Shown(String text, Domain domain, Range allowed) {}

  private final Set<Shown> shown = new HashSet<>();
  private long operations;

  /**
   * {@return why a value of {@code expression} can be outside {@code allowed} or not exist, empty
   * when that cannot happen}
   */
  Optional<String> refute(CompiledExpression expression, Domain domain, Range allowed) {
    Shown claim = new Shown(expression.source().text(), domain, allowed);
    if (shown.contains(claim)) {
      return Optional.empty();
    }
    Set<String> used = expression.counters();
    boolean tokensAlone =
        !used.contains(CounterIndex.POSITION) && !used.contains(CounterIndex.SPAN);
    Deque<Box> open = new ArrayDeque<>();
    // Without position and span one dimension is enough: all tokens stand in for the position.
    open.push(
        tokensAlone
            ? new Box(new Range(domain.span().min(), domain.context()), Range.of(0))
            : new Box(domain.position(), domain.span()));
    while (!open.isEmpty()) {
      Box box = open.pop();
      long leastTokens = box.position().min() + box.span().min();
      if (leastTokens > domain.context()) {
        continue;
      }
      operations += expression.steps();
      if (operations > MAX_OPERATIONS) {
        return Optional.of("expected values that can be shown to lie in " + allowed);
      }
      Range tokens = tokens(domain, box);
      Map<String, Range> counters = counters(domain, box, tokens);
      if (expression.findRange(counters).filter(allowed::contains).isPresent()) {
        continue;
      }
      if (box.position().min() == box.position().max() && box.span().min() == box.span().max()) {
        return Optional.of(problem(expression, counters, tokens, allowed));
      }
      halve(box, open);
    }
    shown.add(claim);
    return Optional.empty();
  }

  private static Range tokens(Domain domain, Box box) {
    return new Range(
        box.position().min() + box.span().min(),
        Math.min(domain.context(), box.position().max() + box.span().max()));
  }

  private static Map<String, Range> counters(Domain domain, Box box, Range tokens) {
    return Map.of(
        CounterIndex.CONTEXT, Range.of(domain.context()),
        CounterIndex.MAX_SPAN, Range.of(domain.maxSpan()),
        CounterIndex.POSITION, box.position(),
        CounterIndex.SPAN, box.span(),
        CounterIndex.TOKENS, tokens);
  }

  // Said once, at the point where the search ends: texts take longer than the search.
  private static String problem(
      CompiledExpression expression, Map<String, Range> counters, Range tokens, Range allowed) {
    try {
      return "expected \"%s\" in %s, got %s at tokens = %s"
          .formatted(
              expression.source().text(), allowed, expression.evaluateRange(counters), tokens);
    } catch (ExpressionException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static void halve(Box box, Deque<Box> open) {
    Range position = box.position();
    Range span = box.span();
    if (position.max() - position.min() >= span.max() - span.min()) {
      long middle = position.min() + (position.max() - position.min()) / 2;
      open.push(new Box(new Range(middle + 1, position.max()), span));
      open.push(new Box(new Range(position.min(), middle), span));
    } else {
      long middle = span.min() + (span.max() - span.min()) / 2;
      open.push(new Box(position, new Range(middle + 1, span.max())));
      open.push(new Box(position, new Range(span.min(), middle)));
    }
  }
}
