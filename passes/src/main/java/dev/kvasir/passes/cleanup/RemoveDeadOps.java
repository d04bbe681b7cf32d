package dev.kvasir.passes.cleanup;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphRewriter;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.passes.Pass;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import java.util.HashSet;
import java.util.Set;

/**
 * Leaves out operations that no result depends on.
 *
 * <pre>{@code
 * %sum = add(%x, %x)                  return %x
 * return %x                     ->
 * }</pre>
 *
 * Last, because any rewrite may leave operations without a use.
 */
public final class RemoveDeadOps implements Pass {

  @Override
  public String id() {
    return "remove-dead-ops";
  }

  @Override
  public Set<Property> requires() {
    return Set.of(Property.MODEL_BUILT, Property.OPS_FUSED);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.NO_DEAD_OPS);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Set<Value> needed = new HashSet<>(graph.results());
    for (Node node : graph.nodes().reversed()) {
      if (node.results().stream().anyMatch(needed::contains)) {
        needed.addAll(node.op().operands());
      }
    }
    return GraphRewriter.rewrite(
        graph,
        (node, copy) -> {
          if (node.results().stream().anyMatch(needed::contains)) {
            copy.keep(node);
          } else {
            copy.drop(node);
          }
        });
  }
}
