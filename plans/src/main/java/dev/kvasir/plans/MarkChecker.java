package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;
import static dev.kvasir.plans.PlanChecker.requireRange;
import static dev.kvasir.plans.PlanChecker.requireUnique;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.RangeProof.Domain;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Mark;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Rule;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.Range;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Checks that marks are set where {@link Mark} says, so that their ages are bounded, and says for
 * which ages expressions have to hold.
 */
final class MarkChecker {

  private static final int MAX_MARKS = 16;
  private static final int MAX_AGE = 1 << 28;

  private final Program program;
  private final Set<String> conditional = new HashSet<>();
  private final long context;
  private final long maxSpan;

  MarkChecker(Plan plan) {
    program = plan.program();
    context = plan.manifest().context();
    maxSpan = plan.manifest().span();
  }

  void check() throws PlanException {
    String place = PlanFormat.PROGRAM + ": mark";
    requireRange(PlanFormat.PROGRAM + ": marks", program.marks().size(), 0, MAX_MARKS);
    requireUnique(place, program.marks().stream().map(Mark::name).toList());
    for (Mark mark : program.marks()) {
      require(
          isCounter(mark.name()) && !CounterIndex.PROGRAM_COUNTERS.contains(mark.name()),
          place + " " + mark.name(),
          "expected the name of a counter that there is not yet");
      requireRange(place + " " + mark.name() + ": most", mark.most(), 1, MAX_AGE);
      requireRange(place + " " + mark.name() + ": initial", mark.initial(), 0, MAX_AGE);
    }
    Map<String, List<String>> setBy = new HashMap<>();
    for (Procedure procedure : program.procedures()) {
      setBy.put(procedure.name(), marksSet(procedure));
    }
    checkCallers(setBy);
    checkPrefill(setBy.getOrDefault(Program.PREFILL, List.of()));
    checkRules(setBy);
  }

  static boolean isCounter(String name) {
    try {
      return !Expression.counter(name).text().isEmpty();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static String place(Procedure procedure) {
    return "%s: procedure %s".formatted(PlanFormat.PROGRAM, procedure.name());
  }

  /** {@return the marks that a procedure's last steps set} */
  private List<String> marksSet(Procedure procedure) throws PlanException {
    Set<String> declared = new HashSet<>();
    program.marks().forEach(mark -> declared.add(mark.name()));
    List<String> names = new ArrayList<>();
    for (Step step : procedure.steps()) {
      if (step instanceof Step.SetMark set) {
        require(
            declared.contains(set.mark()),
            place(procedure),
            "expected a declared mark, got " + set.mark());
        names.add(set.mark());
        checkCondition(procedure, set);
      } else {
        require(
            names.isEmpty(),
            place(procedure),
            "expected marks to be set by the last steps, got another step after mark "
                + String.join(", ", names));
      }
    }
    requireUnique(place(procedure) + ": mark", names);
    return names;
  }

  /** Only a span's length can leave a mark that is not due, or far beyond it. */
  private void checkCondition(Procedure procedure, Step.SetMark set) throws PlanException {
    boolean prefill = procedure.name().equals(Program.PREFILL);
    Mark mark = mark(set.mark());
    String place = "%s: mark %s".formatted(place(procedure), set.mark());
    if (set.when().isPresent()) {
      require(
          prefill, place, "expected a condition in %s alone, got one".formatted(Program.PREFILL));
      require(
          set.when().get().equals(mark.reached()),
          place,
          "expected \"%s\", got \"%s\"".formatted(mark.reached().text(), set.when().get().text()));
      conditional.add(set.mark());
    } else {
      require(
          !prefill || mark.initial() == 0,
          place,
          "expected condition \"%s\", since the mark begins at %d, got none"
              .formatted(mark.reached().text(), mark.initial()));
    }
  }

  /** Marks are set when a whole procedure has run: no other one may go on after it. */
  private void checkCallers(Map<String, List<String>> setBy) throws PlanException {
    Set<String> allowed = new HashSet<>(Set.of(Program.PREFILL));
    program.rules().forEach(rule -> allowed.add(rule.procedure()));
    for (Procedure procedure : program.procedures()) {
      boolean sets = !setBy.getOrDefault(procedure.name(), List.of()).isEmpty();
      require(
          !sets || allowed.contains(procedure.name()),
          place(procedure),
          "expected marks to be set by %s or by what a rule calls, got one set here"
              .formatted(Program.PREFILL));
      require(
          !sets || !procedure.name().equals(Program.STEP),
          place(procedure),
          "expected no mark to be set by a step, got one");
      for (Step step : procedure.steps()) {
        if (step instanceof Step.Call call) {
          require(
              setBy.getOrDefault(call.procedure(), List.of()).isEmpty(),
              place(procedure),
              "expected a call of what sets no mark, got one of " + call.procedure());
        }
      }
    }
  }

  private void checkPrefill(List<String> set) throws PlanException {
    for (Mark mark : program.marks()) {
      require(
          set.contains(mark.name()),
          PlanFormat.PROGRAM + ": mark " + mark.name(),
          "expected %s to set it, got nothing that does".formatted(Program.PREFILL));
    }
  }

  private void checkRules(Map<String, List<String>> setBy) throws PlanException {
    Map<String, Integer> rules = new HashMap<>();
    for (int i = 0; i < program.rules().size(); i++) {
      Rule rule = program.rules().get(i);
      for (String name : setBy.getOrDefault(rule.procedure(), List.of())) {
        Expression due = mark(name).due();
        require(
            rule.condition().equals(due),
            "%s: rule %d".formatted(PlanFormat.PROGRAM, i + 1),
            "expected \"%s\", since it sets mark %s, got \"%s\""
                .formatted(due.text(), name, rule.condition().text()));
        rules.merge(name, 1, Integer::sum);
      }
    }
    for (Mark mark : program.marks()) {
      int count = rules.getOrDefault(mark.name(), 0);
      require(
          count == 1,
          PlanFormat.PROGRAM + ": mark " + mark.name(),
          "expected one rule that sets it, got " + count);
    }
  }

  private Mark mark(String name) throws PlanException {
    for (Mark mark : program.marks()) {
      if (mark.name().equals(name)) {
        return mark;
      }
    }
    throw new PlanException(Reason.MALFORMED, PlanFormat.PROGRAM, "expected a mark " + name);
  }

  /** {@return what a procedure has to hold for that runs spans of so many rows} */
  Domain running(Range span) {
    return domain(span, ages(-1), false);
  }

  /** {@return the states in which rules look at their conditions} */
  List<Domain> afterwards() {
    // After a span of a prompt, which sets all marks that are due, and after a step.
    SortedMap<String, Range> set = ages(-1);
    for (Mark mark : program.marks()) {
      if (!conditional.contains(mark.name())) {
        set.put(mark.name(), Range.of(0));
      }
    }
    Domain prefilled = domain(new Range(1, maxSpan), set, true);
    return program.marks().isEmpty() ? List.of(prefilled) : List.of(prefilled, stepped());
  }

  /** {@return the states after a step, before any rule} */
  Domain stepped() {
    return domain(Range.of(1), ages(0), true);
  }

  /** {@return the states in which a rule's procedure runs} */
  List<Domain> running(Rule rule) {
    for (Mark mark : program.marks()) {
      if (rule.condition().equals(mark.due())) {
        SortedMap<String, Range> ages = ages(0);
        ages.put(mark.name(), Range.of(mark.most()));
        return List.of(domain(Range.of(1), ages, true));
      }
    }
    return afterwards();
  }

  private SortedMap<String, Range> ages(long beyondMost) {
    SortedMap<String, Range> ages = new TreeMap<>();
    for (Mark mark : program.marks()) {
      ages.put(mark.name(), new Range(-mark.initial(), mark.most() + beyondMost));
    }
    return ages;
  }

  private Domain domain(Range span, SortedMap<String, Range> ages, boolean afterwards) {
    SortedMap<String, Long> initial = new TreeMap<>();
    program.marks().forEach(mark -> initial.put(mark.name(), (long) mark.initial()));
    SortedMap<String, Range> settings = new TreeMap<>();
    program
        .settings()
        .forEach(
            setting -> settings.put(setting.name(), new Range(0, setting.values().size() - 1L)));
    return new Domain(context, maxSpan, span, ages, initial, settings, afterwards);
  }
}
