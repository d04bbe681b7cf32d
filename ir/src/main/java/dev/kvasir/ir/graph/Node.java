package dev.kvasir.ir.graph;

import java.util.List;

/**
 * An operation in a graph and the values it defines.
 *
 * @param op what is computed, operands included
 * @param results one for each result type of the operation
 */
public record Node(Op op, List<Value> results) {
  /** Copies the results. */
  public Node {
    results = List.copyOf(results);
  }

  /** {@return the first result, for the many operations that have one} */
  public Value result() {
    return results.getFirst();
  }
}
