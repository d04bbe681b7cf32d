package dev.kvasir.plans.verify;

import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.verify.CodeStep.Call;
import dev.kvasir.plans.verify.CodeStep.Compute;
import dev.kvasir.plans.verify.CodeStep.Duplicate;
import dev.kvasir.plans.verify.CodeStep.Increment;
import dev.kvasir.plans.verify.CodeStep.Jump;
import dev.kvasir.plans.verify.CodeStep.Load;
import dev.kvasir.plans.verify.CodeStep.Push;
import dev.kvasir.plans.verify.CodeStep.Return;
import dev.kvasir.plans.verify.CodeStep.Store;
import dev.kvasir.plans.verify.CodeStep.Swap;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Follows upper bounds of integers through the methods of a plan, so that no variable of a loop
 * overflows. One pass over each method is enough: jumps back are the known loops, and at their top
 * nothing is known of the operands.
 */
final class BoundChecker {

  /** The least integer: the bound of a parameter that no call has set. */
  private static final int NONE = Integer.MIN_VALUE;

  private final Map<MethodKey, int[]> parameters = new HashMap<>();

  private BoundChecker() {}

  /**
   * Checks every loop of the methods.
   *
   * @param callersFirst the methods, each after all that call it
   * @param entries the methods that the runtime calls, with any integers
   * @throws PlanException when the variable of a loop may overflow, or operands cannot be followed
   */
  static void check(List<KernelMethod> callersFirst, Set<MethodKey> entries) throws PlanException {
    BoundChecker checker = new BoundChecker();
    for (KernelMethod method : callersFirst) {
      int[] bounds = new int[method.parameterSlots()];
      Arrays.fill(bounds, entries.contains(method.key()) ? CodeStep.ANY : NONE);
      checker.parameters.put(method.key(), bounds);
    }
    for (KernelMethod method : callersFirst) {
      LoopChecker.Flow flow = LoopChecker.check(method);
      checker.new Walk(method, flow).check();
    }
  }

  /** One pass over one method. */
  private final class Walk {
    private final KernelMethod method;
    private final LoopChecker.Flow flow;
    private final int[] stores;
    private final int[] locals;
    private final Map<Integer, int[]> incoming = new HashMap<>();
    private final Set<Integer> tops = new HashSet<>();
    private final int[] operands;
    private int depth;

    Walk(KernelMethod method, LoopChecker.Flow flow) {
      this.method = method;
      this.flow = flow;
      stores = new int[method.locals()];
      locals = new int[method.locals()];
      operands = new int[method.operands()];
      flow.loops().forEach(loop -> tops.add(loop.top()));
    }

    void check() throws PlanException {
      countStores();
      boolean reached = true;
      for (int i = 0; i < method.steps().size(); i++) {
        CodeStep step = method.steps().get(i);
        reached = meet(i, step, reached);
        if (tops.contains(i)) {
          Arrays.fill(operands, 0, depth, CodeStep.ANY);
        }
        reached = apply(i, step);
      }
      if (reached) {
        throw Refusal.of(method.place(), "expected a return at the end, got none");
      }
      checkLoops();
    }

    /** Counts what stores to each local; a parameter has been stored once before. */
    private void countStores() throws PlanException {
      int[] given = parametersOf(method.key());
      requireLocal(method.steps().getFirst(), given.length - 1);
      Arrays.fill(locals, CodeStep.ANY);
      for (int slot = 0; slot < given.length; slot++) {
        stores[slot] = 1;
        locals[slot] = given[slot];
      }
      for (CodeStep step : method.steps()) {
        switch (step) {
          case Store store -> {
            requireLocal(step, store.slot() + store.width() - 1);
            for (int slot = store.slot(); slot < store.slot() + store.width(); slot++) {
              stores[slot]++;
            }
          }
          case Increment increment -> {
            requireLocal(step, increment.slot());
            stores[increment.slot()]++;
          }
          case Load load -> requireLocal(step, load.slot() + load.width() - 1);
          default -> {}
        }
      }
    }

    private void requireLocal(CodeStep step, int slot) throws PlanException {
      if (slot >= locals.length) {
        throw refusal(
            step, "expected one of %d locals, got local %d".formatted(locals.length, slot));
      }
    }

    /** Joins the operands of all jumps that lead here. */
    private boolean meet(int number, CodeStep step, boolean fallsThrough) throws PlanException {
      int[] jumped = incoming.remove(number);
      if (jumped == null) {
        require(fallsThrough, step, "expected code that something before leads to, got other");
        return true;
      }
      if (!fallsThrough) {
        depth = 0;
        for (int bound : jumped) {
          push(step, bound);
        }
      } else {
        require(depth == jumped.length, step, "expected as many operands on every way here");
        for (int i = 0; i < depth; i++) {
          operands[i] = Math.max(operands[i], jumped[i]);
        }
      }
      return true;
    }

    /** {@return whether the next instruction follows} */
    private boolean apply(int number, CodeStep step) throws PlanException {
      switch (step) {
        case Push push -> {
          push(step, push.bound());
          pushAny(step, push.slots() - 1);
        }
        case Load load -> {
          push(step, load.integer() ? bound(load.slot()) : CodeStep.ANY);
          pushAny(step, load.width() - 1);
        }
        case Store store -> {
          pop(step, store.width() - 1);
          int bound = popBound(step);
          if (store.integer() && stores[store.slot()] == 1) {
            locals[store.slot()] = bound;
          }
        }
        case Increment _ -> {}
        case Compute compute -> {
          pop(step, compute.pops());
          pushAny(step, compute.pushes());
        }
        case Swap _ -> {
          int upper = popBound(step);
          int lower = popBound(step);
          push(step, upper);
          push(step, lower);
        }
        case Duplicate _ -> {
          int bound = popBound(step);
          push(step, bound);
          push(step, bound);
        }
        case Jump jump -> {
          pop(step, jump.pops());
          leave(number, jump);
          return !jump.always();
        }
        case Call call -> give(step, call);
        case Return _ -> {
          return false;
        }
      }
      return true;
    }

    private void leave(int number, Jump jump) throws PlanException {
      int target = flow.target(jump);
      if (target <= number) {
        return;
      }
      int[] known = incoming.get(target);
      int[] here = Arrays.copyOf(operands, depth);
      if (known != null) {
        require(known.length == depth, jump, "expected as many operands on every way there");
        for (int i = 0; i < depth; i++) {
          here[i] = Math.max(here[i], known[i]);
        }
      }
      incoming.put(target, here);
    }

    private void give(CodeStep step, Call call) throws PlanException {
      require(depth >= call.pops(), step, "expected more operands");
      int[] given = parametersOf(call.callee());
      for (int i = 0; i < given.length; i++) {
        given[i] = Math.max(given[i], operands[depth - given.length + i]);
      }
      pop(step, call.pops());
    }

    private void checkLoops() throws PlanException {
      for (CountedLoop loop : flow.loops()) {
        int limit =
            switch (loop.limit()) {
              case Load load -> bound(load.slot());
              case Push push -> push.bound();
              default -> CodeStep.ANY;
            };
        int most = Integer.MAX_VALUE - loop.by() + 1;
        if (limit > most) {
          throw refusal(
              method.steps().get(loop.top()),
              "expected a limit that is known to be at most %d for a step of %d"
                  .formatted(most, loop.by()));
        }
      }
    }

    private int bound(int slot) {
      return stores[slot] == 1 ? locals[slot] : CodeStep.ANY;
    }

    private void push(CodeStep step, int bound) throws PlanException {
      if (depth >= operands.length) {
        throw refusal(
            step, "expected at most %d operands, as the method says".formatted(operands.length));
      }
      operands[depth++] = bound;
    }

    private void pushAny(CodeStep step, int slots) throws PlanException {
      for (int i = 0; i < slots; i++) {
        push(step, CodeStep.ANY);
      }
    }

    private int popBound(CodeStep step) throws PlanException {
      pop(step, 1);
      return operands[depth];
    }

    private void pop(CodeStep step, int slots) throws PlanException {
      require(depth >= slots, step, "expected more operands");
      depth -= slots;
    }

    /** Refuses unless {@code holds}. A place is described for refusals alone: checks are many. */
    private void require(boolean holds, CodeStep step, String problem) throws PlanException {
      if (!holds) {
        throw refusal(step, problem);
      }
    }

    private PlanException refusal(CodeStep step, String problem) {
      return Refusal.of(method.place(step.at()), problem);
    }
  }

  private int[] parametersOf(MethodKey key) {
    int[] bounds = parameters.get(key);
    if (bounds == null) {
      throw new IllegalStateException("unchecked call of " + key);
    }
    return bounds;
  }
}
