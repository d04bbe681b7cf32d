package dev.kvasir.ir.graph;

import dev.kvasir.ir.type.Type;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Collects a graph in order. Values are numbered as they are defined; a name that is taken gets a
 * number behind it, so that the names of a graph depend on nothing but the order of calls.
 */
public final class GraphBuilder {
  private final String name;
  private final List<Value> parameters = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private int defined;

  /** Starts an empty graph. */
  public GraphBuilder(String name) {
    this.name = name;
  }

  /**
   * Adds a parameter.
   *
   * @throws IllegalStateException after the first operation
   */
  public Value parameter(String hint, Type type) {
    if (!nodes.isEmpty()) {
      throw new IllegalStateException("parameters come before operations");
    }
    Value value = define(hint, type);
    parameters.add(value);
    return value;
  }

  /** Adds an operation with one result. */
  public Value add(String hint, Op op) {
    return add(List.of(hint), op).getFirst();
  }

  /**
   * Adds an operation.
   *
   * @param hints a name for each result; empty for a value that is named by its index
   * @throws IllegalArgumentException when the number of names is not that of the results
   */
  public List<Value> add(List<String> hints, Op op) {
    List<Type> types = op.resultTypes();
    if (hints.size() != types.size()) {
      throw new IllegalArgumentException(
          op.id() + " has " + types.size() + " results, got " + hints.size() + " names");
    }
    List<Value> results = new ArrayList<>();
    for (int index = 0; index < types.size(); index++) {
      results.add(define(hints.get(index), types.get(index)));
    }
    nodes.add(new Node(op, results));
    return List.copyOf(results);
  }

  /** {@return the graph with these results} */
  public Graph build(List<Value> results) {
    return new Graph(name, parameters, nodes, results);
  }

  private Value define(String hint, Type type) {
    // Digits alone are what a value without a name prints as.
    String base = hint.isEmpty() || hint.matches("[0-9]+") ? Integer.toString(defined) : hint;
    if (!base.matches("[A-Za-z0-9_.]+")) {
      throw new IllegalArgumentException("not a value name: " + hint);
    }
    String unique = base;
    for (int number = 1; !names.add(unique); number++) {
      unique = base + "." + number;
    }
    Value value = new Value(defined, unique, type);
    defined++;
    return value;
  }
}
