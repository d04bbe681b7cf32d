package dev.kvasir.ir.graph;

import dev.kvasir.ir.type.Type;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Checks what no single operation can know: that each value is defined once, before its uses, and
 * carries the number, name and type that its place implies.
 */
public final class GraphVerifier {
  private final Set<Value> defined = new HashSet<>();
  private final Set<String> names = new HashSet<>();
  private final List<String> problems = new ArrayList<>();

  private GraphVerifier() {}

  /** {@return what is wrong with the graph, a sentence each; empty when it is well-formed} */
  public static List<String> verify(Graph graph) {
    GraphVerifier verifier = new GraphVerifier();
    for (Value parameter : graph.parameters()) {
      verifier.define(parameter, parameter.type(), "parameters");
    }
    for (Node node : graph.nodes()) {
      verifier.check(node);
    }
    for (Value result : graph.results()) {
      verifier.use(result, "return");
    }
    return List.copyOf(verifier.problems);
  }

  /**
   * Requires a well-formed graph.
   *
   * @throws IllegalArgumentException with everything that is wrong
   */
  public static void require(Graph graph) {
    List<String> problems = verify(graph);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  private void check(Node node) {
    String id = node.op().id();
    for (Value operand : node.op().operands()) {
      use(operand, id);
    }
    List<Type> types = node.op().resultTypes();
    if (types.size() != node.results().size()) {
      problems.add(
          id + " has " + types.size() + " results, the node defines " + node.results().size());
      return;
    }
    for (int index = 0; index < types.size(); index++) {
      define(node.results().get(index), types.get(index), id);
    }
  }

  private void use(Value value, String user) {
    if (!defined.contains(value)) {
      Optional<Value> other =
          defined.stream().filter(known -> known.name().equals(value.name())).findFirst();
      problems.add(
          user
              + " uses "
              + value
              + other
                  .map(known -> ": " + value.type().text() + ", which is a " + known.type().text())
                  .orElse(", which is not defined before it"));
    }
  }

  private void define(Value value, Type type, String definer) {
    if (value.index() != defined.size()) {
      problems.add(
          definer + " defines " + value + " as number " + value.index() + " of " + defined.size());
    }
    if (!names.add(value.name())) {
      problems.add(definer + " defines " + value + " again");
    }
    if (!value.type().equals(type)) {
      problems.add(
          definer
              + " defines "
              + value
              + " as "
              + value.type().text()
              + ", but computes "
              + type.text());
    }
    defined.add(value);
  }
}
