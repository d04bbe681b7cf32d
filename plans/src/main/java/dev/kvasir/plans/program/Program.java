package dev.kvasir.plans.program;

import java.util.List;
import java.util.Optional;

/**
 * What runs when.
 *
 * <p>Expressions know these counters: {@code context} and {@code max_span} (the manifest's
 * constants), {@code position} (true tokens in the cache before the running span), {@code span}
 * (rows of the running span, 1 in a step), {@code tokens} (position + span), {@code rows(SEGMENT)}
 * one for each {@link Mark} and, in steps and rules alone, one for each {@link Setting}.
 *
 * <p>Before a procedure runs, the runtime writes the span's token ids to the buffer {@code tokens}
 * and makes the page tables cover the rows that each segment holds at {@code tokens}. Afterwards it
 * reads {@code logits} (f32, the vocabulary, of the span's last row) and {@code next} (i32, one
 * element: the index of the largest logit). Then the rules run in order.
 *
 * @param kernels every kernel that a launch names
 * @param segments where cache rows live
 * @param procedures {@code prefill} (any span), {@code step} (a span of one row), and what they or
 *     rules call
 * @param rules checked in order after each span and step
 * @param marks further counters, which the program sets
 * @param settings further counters, which a session or its prompts set
 */
public record Program(
    List<KernelDeclaration> kernels,
    List<SegmentDeclaration> segments,
    List<Procedure> procedures,
    List<Rule> rules,
    List<Mark> marks,
    List<Setting> settings) {

  /** Name of the procedure that runs a span of a prompt. */
  public static final String PREFILL = "prefill";

  /** Name of the procedure that runs one generated token. */
  public static final String STEP = "step";

  /** Name of the i32 buffer that holds the span's token ids. */
  public static final String TOKENS = "tokens";

  /** Name of the f32 buffer that holds the last row's logits. */
  public static final String LOGITS = "logits";

  /** Name of the i32 buffer that holds the index of the largest logit. */
  public static final String NEXT = "next";

  /** Copies the lists. */
  public Program {
    kernels = List.copyOf(kernels);
    segments = List.copyOf(segments);
    procedures = List.copyOf(procedures);
    rules = List.copyOf(rules);
    marks = List.copyOf(marks);
    settings = List.copyOf(settings);
  }

  /** A program without settings. */
  public Program(
      List<KernelDeclaration> kernels,
      List<SegmentDeclaration> segments,
      List<Procedure> procedures,
      List<Rule> rules,
      List<Mark> marks) {
    this(kernels, segments, procedures, rules, marks, List.of());
  }

  /**
   * A counter that holds how many tokens were true when it was last set, {@code initial} before;
   * for example when rows were last chosen.
   *
   * <p>{@code prefill} sets every mark at its end, always or where {@link #reached} holds, and so
   * does the procedure of exactly one rule, whose condition is {@code tokens - NAME == most}. A
   * mark that begins above 0 is set by {@code prefill} under that condition alone. So between two
   * runs {@code position - NAME} is less than {@code most} and at least {@code -initial}, and a
   * mark that still has its first value was never set.
   *
   * @param name a counter's name, for example {@code selected_512}
   * @param most tokens after which a rule sets it again, at least 1
   * @param initial its value until it is first set, at least 0
   */
  public record Mark(String name, int most, int initial) {

    /** A mark that begins at 0. */
    public Mark(String name, int most) {
      this(name, most, 0);
    }

    /** {@return the condition of the rule that sets this mark} */
    public Expression due() {
      return Expression.counter(CounterIndex.TOKENS)
          .minus(Expression.counter(name))
          .equalTo(Expression.constant(most));
    }

    /** {@return the condition under which {@code prefill} may set this mark} */
    public Expression reached() {
      return Expression.constant(most)
          .lessOrEqual(Expression.counter(CounterIndex.TOKENS).minus(Expression.counter(name)));
    }
  }

  /**
   * A counter that holds which of some values a session has: the one that it was opened with, or
   * what the rule says of the prompt that was read last, its spans taken together.
   *
   * @param name a counter's name, for example {@code task}
   * @param values what 0 and the numbers after it mean, in words such as {@code localization}
   * @param rule says which value a prompt has
   */
  public record Setting(String name, List<String> values, PromptRule rule) {

    /** The word that leaves a setting to its rule; no value has it. */
    public static final String AUTO = "auto";

    /** Copies the list. */
    public Setting {
      values = List.copyOf(values);
    }
  }

  /**
   * Looks for tokens at both ends of a prompt.
   *
   * @param tokens ids, ascending
   * @param reach how many tokens count as an end
   * @param found the value where one of {@code tokens} is among the first or last {@code reach}
   *     tokens of the prompt
   * @param otherwise the value where none is, and before the first prompt
   */
  public record PromptRule(List<Integer> tokens, int reach, int found, int otherwise) {

    /** Copies the list. */
    public PromptRule {
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * A named list of steps.
   *
   * @param name unique in the program
   * @param steps in order
   */
  public record Procedure(String name, List<Step> steps) {
    /** Copies the list. */
    public Procedure {
      steps = List.copyOf(steps);
    }
  }

  /**
   * Calls a procedure when a condition holds.
   *
   * @param condition true when not 0
   * @param procedure what to call
   */
  public record Rule(Expression condition, String procedure) {}

  /** One step of a procedure. */
  public sealed interface Step {

    /**
     * Runs a kernel over a grid.
     *
     * @param kernel name of a declared kernel
     * @param label what it does, for people: {@code layer.3 decode attention}
     * @param grid extents of the kernel's axes; the first is the number of sequences
     * @param buffers a declared buffer for each argument
     * @param dims a value for each dim, of every sequence
     */
    record Launch(
        String kernel,
        String label,
        List<Expression> grid,
        List<String> buffers,
        List<Expression> dims)
        implements Step {
      /** Copies the lists. */
      public Launch {
        grid = List.copyOf(grid);
        buffers = List.copyOf(buffers);
        dims = List.copyOf(dims);
      }
    }

    /**
     * Runs another procedure; calls never form a cycle.
     *
     * @param procedure its name
     */
    record Call(String procedure) implements Step {}

    /**
     * Shows a value to a tracer; does nothing otherwise.
     *
     * @param name for example {@code layer.3.q}
     * @param buffer an f32 buffer that holds [rows, heads, columns]
     * @param rows rows to show
     * @param heads heads of a row
     * @param columns elements of a head; 1 with {@code dropColumns} for [heads, rows] values
     * @param dropColumns whether the shown shape is [heads, rows] instead of [heads, rows, columns]
     */
    record Observe(
        String name, String buffer, Expression rows, int heads, int columns, boolean dropColumns)
        implements Step {}

    /**
     * Ends the run with an error unless the launches before it left zeros.
     *
     * @param buffer i32 scratch, where they count what must not happen
     * @param elements how many of its first elements must be 0
     * @param message what happened otherwise and what to do about it, for people
     */
    record Require(String buffer, Expression elements, String message) implements Step {}

    /**
     * Sets a mark to {@code tokens} once the whole procedure has run; among the last steps of
     * {@code prefill}, or of a procedure that rules call and nothing else.
     *
     * @param mark its name
     * @param when the condition under which it is set, in {@code prefill} and no other than {@link
     *     Mark#reached}; empty for always
     */
    record SetMark(String mark, Optional<Expression> when) implements Step {
      /** Sets a mark always. */
      public SetMark(String mark) {
        this(mark, Optional.empty());
      }
    }
  }
}
