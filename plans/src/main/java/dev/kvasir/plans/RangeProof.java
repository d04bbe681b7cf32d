package dev.kvasir.plans;

import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.CounterSums;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.Range;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Shows that expressions stay in range for every value of the counters that a session can reach.
 *
 * <p>Interval arithmetic takes operands as independent and so finds values that never occur, as in
 * {@code tokens - min(tokens, 256)}. Where it fails for a box of counters the box is halved, down
 * to single points, at which it is exact: a refusal either has a witness or has run out of steps. A
 * mark is one more dimension, its age, which is how many tokens ago it was set, and so is a
 * setting.
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
   * @param ages how many tokens ago each mark was set; of one that never was, tokens since there
   *     were as many as it begins with, less than 0 before
   * @param initial what each mark begins with
   * @param settings the values of each setting
   * @param afterwards whether ages count back from {@code tokens}, as rules see them, and not from
   *     {@code position}
   */
  record Domain(
      long context,
      long maxSpan,
      Range span,
      SortedMap<String, Range> ages,
      SortedMap<String, Long> initial,
      SortedMap<String, Range> settings,
      boolean afterwards) {

    /** A domain without marks and settings. */
    Domain(long context, long maxSpan, Range span) {
      this(context, maxSpan, span, new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), false);
    }

    Range position() {
      return new Range(0, context - span.min());
    }
  }

  /** An interval of each dimension: position, span, the ages of marks and then settings. */
  private record Box(List<Range> sides) {

    Range position() {
      return sides.get(0);
    }

    Range span() {
      return sides.get(1);
    }

    Range age(int mark) {
      return sides.get(2 + mark);
    }

    boolean isPoint() {
      return sides.stream().allMatch(side -> side.min() == side.max());
    }

    /** Pushes the halves along the longest side, the lower one last. */
    void halve(Deque<Box> open) {
      int longest = 0;
      for (int i = 1; i < sides.size(); i++) {
        if (length(i) > length(longest)) {
          longest = i;
        }
      }
      Range side = sides.get(longest);
      long middle = side.min() + length(longest) / 2;
      open.push(with(longest, new Range(middle + 1, side.max())));
      open.push(with(longest, new Range(side.min(), middle)));
    }

    private long length(int index) {
      return sides.get(index).max() - sides.get(index).min();
    }

    private Box with(int index, Range side) {
      List<Range> changed = new ArrayList<>(sides);
      changed.set(index, side);
      return new Box(changed);
    }
  }

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
    Search search = new Search(expression, domain);
    Deque<Box> open = new ArrayDeque<>();
    open.push(search.all());
    while (!open.isEmpty()) {
      Box box = open.pop();
      if (search.isUnreachable(box)) {
        continue;
      }
      operations += expression.steps();
      if (operations > MAX_OPERATIONS) {
        return Optional.of("expected values that can be shown to lie in " + allowed);
      }
      Map<String, Range> counters = search.counters(box);
      if (search.value(box, counters).filter(allowed::contains).isPresent()) {
        continue;
      }
      if (box.isPoint()) {
        return Optional.of(search.problem(counters, allowed));
      }
      box.halve(open);
    }
    shown.add(claim);
    return Optional.empty();
  }

  /** The boxes of one expression over one domain. */
  private static final class Search {

    private static final int NO_MARK = -1;

    private final CompiledExpression expression;
    private final Domain domain;
    private final List<String> marks;
    private final List<String> settings;
    private final boolean tokensAlone;
    private final boolean markAlone;
    private final boolean afterwards;
    private final Map<String, List<Integer>> factors;

    Search(CompiledExpression expression, Domain domain) {
      this.expression = expression;
      this.domain = domain;
      Set<String> used = expression.counters();
      marks = domain.ages().keySet().stream().filter(used::contains).toList();
      settings = domain.settings().keySet().stream().filter(used::contains).toList();
      // Without position and span one dimension is enough: all tokens stand in for the position.
      // Ages of several marks then have to count back from tokens: they share a span. So has that
      // of one that may never have been set, which a position before its first value tells. A mark
      // that nothing else is beside is a dimension itself, and the tokens stand in for it.
      tokensAlone =
          !used.contains(CounterIndex.POSITION)
              && !used.contains(CounterIndex.SPAN)
              && (domain.afterwards()
                  || (marks.size() <= 1 && marks.stream().allMatch(this::isSet)));
      afterwards = domain.afterwards() || tokensAlone;
      markAlone =
          tokensAlone
              && !used.contains(CounterIndex.TOKENS)
              && marks.size() == 1
              && marks.stream().allMatch(this::isSet);
      factors = Map.copyOf(factors());
    }

    /** {@return whether a mark was set, so that it is what its age says at any position} */
    private boolean isSet(String mark) {
      return domain.ages().getOrDefault(mark, Range.of(0)).min() >= 0;
    }

    Box all() {
      List<Range> sides = new ArrayList<>();
      sides.add(tokensAlone ? new Range(domain.span().min(), domain.context()) : domain.position());
      sides.add(tokensAlone ? Range.of(0) : domain.span());
      for (String mark : marks) {
        Range age = domain.ages().getOrDefault(mark, Range.of(0));
        sides.add(tokensAlone && !domain.afterwards() ? sum(age, domain.span()) : age);
      }
      settings.forEach(setting -> sides.add(domain.settings().getOrDefault(setting, Range.of(0))));
      return markAlone ? ofMark(new Box(sides)) : new Box(sides);
    }

    /** {@return a box whose tokens are the values of its only mark, all of age 0} */
    private Box ofMark(Box box) {
      if (isUnreachable(box)) {
        return box;
      }
      return box.with(0, new Range(leastMark(box, 0), mostMark(box, 0))).with(2, Range.of(0));
    }

    /**
     * {@return whether a box has more tokens than the context, or marks of other than their first
     * value and a number of tokens that there were since}
     */
    boolean isUnreachable(Box box) {
      if (box.position().min() + box.span().min() > domain.context()) {
        return true;
      }
      for (int i = 0; i < marks.size(); i++) {
        if (leastMark(box, i) > mostMark(box, i)) {
          return true;
        }
      }
      return false;
    }

    private long firstMark(int index) {
      return domain.initial().getOrDefault(marks.get(index), 0L);
    }

    private long leastMark(Box box, int index) {
      return Math.max(firstMark(index), base(box).min() - box.age(index).max());
    }

    /** One that was never set may be ahead of the tokens. */
    private long mostMark(Box box, int index) {
      long base = base(box).max();
      Range age = box.age(index);
      long first = firstMark(index);
      boolean ahead = age.min() < 0 && first <= base - age.min();
      long set = base - Math.max(0, age.min());
      return ahead ? Math.max(first, set) : set;
    }

    private Range tokens(Box box) {
      Range sum = sum(box.position(), box.span());
      return new Range(sum.min(), Math.min(domain.context(), sum.max()));
    }

    /** {@return what ages count back from} */
    private Range base(Box box) {
      return afterwards ? tokens(box) : box.position();
    }

    Map<String, Range> counters(Box box) {
      Map<String, Range> counters = new HashMap<>();
      counters.put(CounterIndex.CONTEXT, Range.of(domain.context()));
      counters.put(CounterIndex.MAX_SPAN, Range.of(domain.maxSpan()));
      counters.put(CounterIndex.POSITION, box.position());
      counters.put(CounterIndex.SPAN, box.span());
      counters.put(CounterIndex.TOKENS, tokens(box));
      for (int i = 0; i < marks.size(); i++) {
        counters.put(marks.get(i), new Range(leastMark(box, i), mostMark(box, i)));
      }
      for (int i = 0; i < settings.size(); i++) {
        counters.put(settings.get(i), box.sides().get(firstSetting() + i));
      }
      return counters;
    }

    Optional<Range> value(Box box, Map<String, Range> counters) {
      return marks.isEmpty()
          ? expression.findRange(counters)
          : expression.findRange(counters, new CounterSums(box.sides(), factors));
    }

    private int firstSetting() {
      return 2 + marks.size();
    }

    /** {@return position and span, and what the other counters are in those, ages and settings} */
    private Map<String, List<Integer>> factors() {
      Map<String, List<Integer>> factors = new HashMap<>();
      factors.put(CounterIndex.POSITION, factors(1, 0, NO_MARK));
      factors.put(CounterIndex.SPAN, factors(0, 1, NO_MARK));
      factors.put(CounterIndex.TOKENS, factors(1, 1, NO_MARK));
      for (int i = 0; i < marks.size(); i++) {
        factors.put(marks.get(i), factors(1, afterwards ? 1 : 0, i));
      }
      for (int i = 0; i < settings.size(); i++) {
        List<Integer> alone = factors(0, 0, NO_MARK);
        alone.set(firstSetting() + i, 1);
        factors.put(settings.get(i), alone);
      }
      return factors;
    }

    private List<Integer> factors(int position, int span, int agedMark) {
      List<Integer> factors = new ArrayList<>(List.of(position, span));
      for (int i = 0; i < marks.size(); i++) {
        factors.add(i == agedMark ? -1 : 0);
      }
      factors.addAll(Collections.nCopies(settings.size(), 0));
      return factors;
    }

    // Said once, at the point where the search ends: texts take longer than the search.
    String problem(Map<String, Range> counters, Range allowed) {
      try {
        List<String> names = new ArrayList<>(markAlone ? List.of() : List.of(CounterIndex.TOKENS));
        names.addAll(marks);
        names.addAll(settings);
        return "expected \"%s\" in %s, got %s at %s"
            .formatted(
                expression.source().text(),
                allowed,
                expression.evaluateRange(counters),
                String.join(
                    ", ", names.stream().map(name -> name + " = " + counters.get(name)).toList()));
      } catch (ExpressionException e) {
        return String.valueOf(e.getMessage());
      }
    }

    private static Range sum(Range left, Range right) {
      return new Range(left.min() + right.min(), left.max() + right.max());
    }
  }
}
