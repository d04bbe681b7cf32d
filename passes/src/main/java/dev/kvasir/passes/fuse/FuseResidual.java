package dev.kvasir.passes.fuse;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphRewriter;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AddOp;
import dev.kvasir.ir.graph.ops.LinearOp;
import dev.kvasir.passes.Pass;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Adds a residual where its product is computed, which saves a pass over the hidden rows.
 *
 * <pre>{@code
 * %down = linear(%gated) {weight = @w[8, 16]}        %hidden = linear(%gated, %x) {weight = @w[8, 16]}
 * %hidden = add(%x, %down)                      ->
 * }</pre>
 *
 * Fires only where nothing else uses the product; the product may stand on either side of the sum.
 * After the techniques, which look for the plain form.
 */
public final class FuseResidual implements Pass {

  @Override
  public String id() {
    return "fuse-residual";
  }

  @Override
  public Set<Property> requires() {
    return Set.of(Property.MODEL_BUILT, Property.HEADS_GROUPED, Property.STORAGE_ASSIGNED);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of();
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Map<Node, LinearOp> sums = new HashMap<>();
    Set<Node> products = new HashSet<>();
    for (Node node : graph.nodes()) {
      if (node.op() instanceof AddOp add) {
        fused(graph, add.right(), add.left())
            .or(() -> fused(graph, add.left(), add.right()))
            .ifPresent(
                match -> {
                  sums.put(node, match.fused());
                  products.add(match.product());
                });
      }
    }
    return GraphRewriter.rewrite(
        graph,
        (node, copy) -> {
          if (products.contains(node)) {
            copy.drop(node);
          } else if (sums.containsKey(node)) {
            LinearOp fused = sums.get(node);
            copy.replace(
                node, fused.withOperands(fused.operands().stream().map(copy::of).toList()));
          } else {
            copy.keep(node);
          }
        });
  }

  private record Match(Node product, LinearOp fused) {}

  private static Optional<Match> fused(Graph graph, Value product, Value residual) {
    return SingleUseProduct.find(graph, product)
        .map(
            found ->
                new Match(
                    found.node(),
                    new LinearOp(
                        found.linear().input(),
                        Optional.of(residual),
                        found.linear().weight(),
                        found.linear().bias())));
  }
}
