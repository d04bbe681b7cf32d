package dev.kvasir.plans.verify;

import dev.kvasir.plans.PlanException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which methods call which: never in a cycle, and never so deep that a stack overflows. */
final class CallGraph {

  private static final int MAX_DEPTH = 8;
  private static final String TOO_DEEP =
      "expected at most %d methods that call each other, got more".formatted(MAX_DEPTH);

  private final Map<MethodKey, KernelMethod> methods;
  private final Map<MethodKey, Integer> depths = new HashMap<>();
  private final List<KernelMethod> order = new ArrayList<>();

  private CallGraph(Map<MethodKey, KernelMethod> methods) {
    this.methods = methods;
  }

  /**
   * {@return the methods, each after all that call it}
   *
   * @throws PlanException when a called method does not exist or may not be called, or when calls
   *     form a cycle or are nested too deeply
   */
  static List<KernelMethod> callersFirst(Map<MethodKey, KernelMethod> methods)
      throws PlanException {
    CallGraph graph = new CallGraph(methods);
    for (KernelMethod method : methods.values()) {
      graph.visit(method, new ArrayDeque<>());
    }
    Collections.reverse(graph.order);
    return graph.order;
  }

  /** {@return how many methods are on the stack at most, {@code method} included} */
  private int visit(KernelMethod method, Deque<MethodKey> callers) throws PlanException {
    Integer known = depths.get(method.key());
    if (known != null) {
      return known;
    }
    callers.push(method.key());
    int depth = 1;
    for (CodeStep step : method.steps()) {
      if (step instanceof CodeStep.Call(int at, MethodKey key, int _)) {
        KernelMethod callee = methods.get(key);
        if (callee == null) {
          throw refused(method, at, "expected a method of the plan, got " + key);
        }
        boolean sameClass = key.owner().equals(method.key().owner());
        if (!sameClass && !callee.open()) {
          throw refused(method, at, "expected a public method, got " + key);
        }
        if (callers.contains(key)) {
          throw refused(method, at, "expected calls without a cycle, got one of " + key);
        }
        if (callers.size() >= MAX_DEPTH) {
          throw refused(method, at, TOO_DEEP);
        }
        depth = Math.max(depth, 1 + visit(callee, callers));
        if (depth > MAX_DEPTH) {
          throw refused(method, at, TOO_DEEP);
        }
      }
    }
    callers.pop();
    depths.put(method.key(), depth);
    order.add(method);
    return depth;
  }

  private static PlanException refused(KernelMethod method, int at, String problem) {
    return Refusal.of(method.place(at), problem);
  }
}
