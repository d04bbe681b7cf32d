package dev.kvasir.plans.program;

import java.util.List;
import java.util.Map;

/**
 * How counters depend on variables, so that what two counters share cancels in their difference.
 *
 * @param variables the range of each variable
 * @param factors for some counters, how often each variable is in their sum
 */
public record CounterSums(List<Range> variables, Map<String, List<Integer>> factors) {

  /** Copies both. */
  public CounterSums {
    variables = List.copyOf(variables);
    factors = Map.copyOf(factors);
  }
}
