package dev.kvasir.plans.program;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The counters that an expression may name, in the order of the array that holds their values, and
 * the segments whose rows it may take.
 */
public final class CounterIndex {

  /** Most true tokens a session may hold, a constant of the plan. */
  public static final String CONTEXT = "context";

  /** Most prompt rows that are prefilled at once, a constant of the plan. */
  public static final String MAX_SPAN = "max_span";

  /** True tokens in the cache before the running span. */
  public static final String POSITION = "position";

  /** Rows of the running span. */
  public static final String SPAN = "span";

  /** {@link #POSITION} + {@link #SPAN}. */
  public static final String TOKENS = "tokens";

  /** The counters of launches and rules, in order. */
  public static final List<String> PROGRAM_COUNTERS =
      List.of(CONTEXT, MAX_SPAN, POSITION, SPAN, TOKENS);

  /** The counters of sizes that hold for a whole session, in order. */
  public static final List<String> SESSION_COUNTERS = List.of(CONTEXT, MAX_SPAN);

  private final List<String> names;
  private final Map<String, Expression> rows;

  private CounterIndex(List<String> names, Map<String, Expression> rows) {
    this.names = List.copyOf(names);
    this.rows = Map.copyOf(rows);
  }

  /**
   * {@return an index of these counters and segments}
   *
   * @throws IllegalArgumentException when two segments or two counters have one name
   */
  public static CounterIndex of(List<String> names, List<SegmentDeclaration> segments) {
    if (names.stream().distinct().count() != names.size()) {
      throw new IllegalArgumentException("a counter appears twice in " + names);
    }
    Map<String, Expression> rows = new HashMap<>();
    for (SegmentDeclaration segment : segments) {
      if (rows.putIfAbsent(segment.name(), segment.rows()) != null) {
        throw new IllegalArgumentException("a segment appears twice: " + segment.name());
      }
    }
    return new CounterIndex(names, rows);
  }

  /**
   * {@return {@link #PROGRAM_COUNTERS}, the marks and then the settings of {@code program} in their
   * order, and its segments}
   */
  public static CounterIndex ofProgram(Program program) {
    List<String> names = new ArrayList<>(PROGRAM_COUNTERS);
    program.marks().forEach(mark -> names.add(mark.name()));
    program.settings().forEach(setting -> names.add(setting.name()));
    return of(names, program.segments());
  }

  /** {@return {@link #SESSION_COUNTERS} alone} */
  public static CounterIndex ofSession() {
    return of(SESSION_COUNTERS, List.of());
  }

  /**
   * Sets the values of {@link #PROGRAM_COUNTERS} and leaves the others; allocates nothing.
   *
   * @param counters an array that begins in the order of {@link #PROGRAM_COUNTERS}
   */
  public static void set(long[] counters, long context, long maxSpan, long position, long span) {
    counters[0] = context;
    counters[1] = maxSpan;
    counters[2] = position;
    counters[3] = span;
    counters[4] = Math.addExact(position, span);
  }

  /** {@return the names, in the order of the values} */
  public List<String> names() {
    return names;
  }

  /** {@return the place of a counter's value, empty when there is no such counter} */
  public Optional<Integer> index(String name) {
    int index = names.indexOf(name);
    return index < 0 ? Optional.empty() : Optional.of(index);
  }

  /** {@return the rows of a segment as its declaration has them, empty when there is none such} */
  public Optional<Expression> rows(String segment) {
    return Optional.ofNullable(rows.get(segment));
  }
}
