package dev.kvasir.ir.graph;

import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;
import java.util.stream.Collectors;

/** Writes a graph as canonical text. */
public final class GraphPrinter {
  private GraphPrinter() {}

  /** {@return the text; equal graphs have equal text, each line ends with a line feed} */
  public static String print(Graph graph) {
    StringBuilder text = new StringBuilder("graph ").append(graph.name()).append(" {\n");
    for (Value parameter : graph.parameters()) {
      text.append("  parameter ")
          .append(parameter)
          .append(": ")
          .append(parameter.type().text())
          .append('\n');
    }
    for (Node node : graph.nodes()) {
      String attributes = node.op().attributes().text();
      text.append("  ")
          .append(names(node.results()))
          .append(" = ")
          .append(node.op().id())
          .append('(')
          .append(names(node.op().operands()))
          .append(')')
          .append(attributes.isEmpty() ? "" : " " + attributes)
          .append(": ")
          .append(resultTypes(node.op().resultTypes()))
          .append('\n');
    }
    return text.append("  return ").append(names(graph.results())).append("\n}\n").toString();
  }

  /** Result types as printed; a cache's full type stands at its parameter already. */
  static String resultTypes(List<Type> types) {
    return types.stream()
        .map(
            type ->
                switch (type) {
                  case TensorType tensor -> tensor.text();
                  case CacheType _ -> "cache";
                })
        .collect(Collectors.joining(", "));
  }

  private static String names(List<Value> values) {
    return values.stream().map(Value::toString).collect(Collectors.joining(", "));
  }
}
