package dev.kvasir.ir.graph;

import java.util.List;
import java.util.Optional;

/**
 * What a model computes for one span of tokens.
 *
 * @param name letters, digits and underscores
 * @param parameters the span's token ids, then the cache of each layer
 * @param nodes operations in an order in which they can run
 * @param results logits, next token, then the caches in the order of the parameters
 */
public record Graph(String name, List<Value> parameters, List<Node> nodes, List<Value> results) {
  /** Copies the lists. */
  public Graph {
    parameters = List.copyOf(parameters);
    nodes = List.copyOf(nodes);
    results = List.copyOf(results);
    if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      throw new IllegalArgumentException("not a graph name: " + name);
    }
  }

  /** {@return the node that defines a value; empty for a parameter} */
  public Optional<Node> definingNode(Value value) {
    return nodes.stream().filter(node -> node.results().contains(value)).findFirst();
  }

  /** {@return how many times a value is an operand or a result of the graph} */
  public int uses(Value value) {
    long asOperand =
        nodes.stream().flatMap(node -> node.op().operands().stream()).filter(value::equals).count();
    return Math.toIntExact(asOperand + results.stream().filter(value::equals).count());
  }
}
