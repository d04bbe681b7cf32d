package dev.kvasir.ir.graph;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.type.Type;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Copies a graph while a rule decides about each operation: keep, replace or drop. Names of values
 * stay; types follow from the new operands.
 */
public final class GraphRewriter {
  private final GraphBuilder builder;
  private final Map<Value, Value> mapped = new HashMap<>();

  private GraphRewriter(String name) {
    this.builder = new GraphBuilder(name);
  }

  /** Decides what becomes of one operation. */
  @FunctionalInterface
  public interface Rule {
    /** Calls {@code keep}, {@code replace} or {@code drop} for the node, once. */
    void apply(Node node, GraphRewriter copy);
  }

  /** {@return a copy in which a rule decided about each operation} */
  public static Graph rewrite(Graph graph, Rule rule) {
    return copy(graph, Value::type, rule);
  }

  /** {@return a copy whose parameters have other types, in which a rule decided} */
  public static Graph rewrite(Graph graph, Function<Value, Type> parameterType, Rule rule) {
    return copy(graph, parameterType, rule);
  }

  /** {@return a copy whose parameters have other types} */
  public static Graph retype(Graph graph, Function<Value, Type> parameterType) {
    return copy(graph, parameterType, (node, copy) -> copy.keep(node));
  }

  /**
   * {@return what stands for a value of the old graph in the new one}
   *
   * @throws CompilerBug when the operation that defines it was dropped
   */
  public Value of(Value old) {
    @Nullable Value value = mapped.get(old);
    if (value == null) {
      throw new CompilerBug("a rewrite dropped " + old + ", which is still used");
    }
    return value;
  }

  /** Copies an operation. */
  public void keep(Node node) {
    replace(node, node.op().withOperands(node.op().operands().stream().map(this::of).toList()));
  }

  /**
   * Puts another operation in the place of one; its results take over the old ones' names.
   *
   * @param op an operation on values of the new graph, with as many results
   */
  public void replace(Node node, Op op) {
    List<Value> results = builder.add(node.results().stream().map(Value::name).toList(), op);
    for (int index = 0; index < results.size(); index++) {
      mapped.put(node.results().get(index), results.get(index));
    }
  }

  /**
   * {@return the result of an operation that the old graph does not have, behind what was copied}
   *
   * @param name of the result; gets a number if it is taken
   * @param op an operation on values of the new graph, with one result
   */
  public Value add(String name, Op op) {
    return builder.add(name, op);
  }

  /**
   * {@return the results of an operation that the old graph does not have, behind what was copied}
   *
   * @param names of the results, in order; they get a number if they are taken
   * @param op an operation on values of the new graph
   */
  public List<Value> add(List<String> names, Op op) {
    return builder.add(names, op);
  }

  /** Lets another value of the new graph stand for one of the old from here on. */
  public void substitute(Value old, Value other) {
    mapped.put(old, other);
  }

  /** Leaves an operation out; nothing that stays may use its results. */
  public void drop(Node node) {
    node.results().forEach(mapped::remove);
  }

  private static Graph copy(Graph graph, Function<Value, Type> parameterType, Rule rule) {
    GraphRewriter copy = new GraphRewriter(graph.name());
    for (Value parameter : graph.parameters()) {
      copy.mapped.put(
          parameter, copy.builder.parameter(parameter.name(), parameterType.apply(parameter)));
    }
    for (Node node : graph.nodes()) {
      rule.apply(node, copy);
    }
    return copy.builder.build(graph.results().stream().map(copy::of).toList());
  }
}
