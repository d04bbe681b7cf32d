package dev.kvasir.plans.verify;

import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.verify.CodeStep.Increment;
import dev.kvasir.plans.verify.CodeStep.Jump;
import dev.kvasir.plans.verify.CodeStep.Load;
import dev.kvasir.plans.verify.CodeStep.Push;
import dev.kvasir.plans.verify.CodeStep.Store;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Finds the loops of a method and refuses those that are not of the one form that ends; the
 * package's description has the form and the proof.
 */
final class LoopChecker {

  private static final int MAX_NESTING = 16;

  private final KernelMethod method;
  private final List<CodeStep> steps;
  private final Map<Integer, Integer> numbers = new HashMap<>();

  private LoopChecker(KernelMethod method) {
    this.method = method;
    this.steps = method.steps();
    for (int i = 0; i < steps.size(); i++) {
      numbers.put(steps.get(i).at(), i);
    }
  }

  /**
   * Where a method's jumps lead.
   *
   * @param numbers the number of the instruction at each byte that begins one
   * @param loops by ascending first instruction
   */
  record Flow(Map<Integer, Integer> numbers, List<CountedLoop> loops) {

    /** {@return the number of the instruction that a checked jump leads to} */
    int target(Jump jump) {
      return Objects.requireNonNull(numbers.get(jump.target()));
    }
  }

  /**
   * {@return where the jumps of {@code method} lead}
   *
   * @throws PlanException when a jump leads into an instruction or out of the method, or a loop may
   *     not end
   */
  static Flow check(KernelMethod method) throws PlanException {
    LoopChecker checker = new LoopChecker(method);
    return new Flow(checker.numbers, checker.loops());
  }

  private List<CountedLoop> loops() throws PlanException {
    Set<Integer> targets = new HashSet<>();
    SortedMap<Integer, Integer> ends = new TreeMap<>();
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i) instanceof Jump jump) {
        int target = number(jump);
        targets.add(target);
        if (target <= i) {
          require(
              ends.putIfAbsent(target, i) == null, i, "one jump to the start of a loop, got two");
        }
      }
    }
    checkNesting(ends);
    List<CountedLoop> loops = new ArrayList<>();
    for (Map.Entry<Integer, Integer> end : ends.entrySet()) {
      int last = end.getValue();
      require(!targets.contains(last), last, "no jump to the jump that ends a loop, got one");
      loops.add(loop(end.getKey(), last));
    }
    return loops;
  }

  private int number(Jump jump) throws PlanException {
    Integer number = numbers.get(jump.target());
    if (number == null) {
      throw Refusal.of(
          place(jump), "expected a jump to an instruction, got one to byte " + jump.target());
    }
    return number;
  }

  private CountedLoop loop(int top, int last) throws PlanException {
    boolean shaped =
        steps.get(last) instanceof Jump back
            && back.always()
            && last - top >= 4
            && steps.get(top) instanceof Load variable
            && variable.integer()
            && steps.get(top + 2) instanceof Jump exit
            && exit.atLeast()
            && number(exit) > last
            && steps.get(last - 1) instanceof Increment increment
            && increment.slot() == variable.slot()
            && increment.by() > 0;
    require(shaped, last, "a loop that counts up to a limit, got another jump back");
    int counted = ((Load) steps.get(top)).slot();
    CodeStep limit = steps.get(top + 1);
    switch (limit) {
      case Load load when load.integer() && load.slot() != counted ->
          requireUnchanged(top, last, load.slot());
      case Push push when push.slots() == 1 -> {}
      default -> require(false, top + 1, "a limit that is a local or a constant, got another");
    }
    requireUnchanged(top, last - 1, counted);
    return new CountedLoop(top, last, limit, ((Increment) steps.get(last - 1)).by());
  }

  /** Refuses a loop in which one of the instructions from..to, the end excluded, stores a local. */
  private void requireUnchanged(int from, int to, int slot) throws PlanException {
    for (int i = from; i < to; i++) {
      boolean stored =
          switch (steps.get(i)) {
            case Store store -> store.slot() <= slot && slot < store.slot() + store.width();
            case Increment increment -> increment.slot() == slot;
            default -> false;
          };
      require(!stored, i, "no other change of what a loop counts by, got one");
    }
  }

  /** Also bounds the depth, since each loop is looked through. */
  private void checkNesting(SortedMap<Integer, Integer> ends) throws PlanException {
    Deque<Integer> around = new ArrayDeque<>();
    for (Map.Entry<Integer, Integer> end : ends.entrySet()) {
      while (!around.isEmpty() && around.peek() < end.getKey()) {
        around.pop();
      }
      int last = end.getValue();
      require(
          around.isEmpty() || last < around.peek(),
          last,
          "loops that are nested or apart, got two that overlap");
      require(around.size() < MAX_NESTING, last, "at most %d nested loops".formatted(MAX_NESTING));
      around.push(last);
    }
  }

  private void require(boolean holds, int number, String expected) throws PlanException {
    if (!holds) {
      throw Refusal.of(place(steps.get(number)), "expected " + expected);
    }
  }

  private String place(CodeStep step) {
    return method.place(step.at());
  }
}
