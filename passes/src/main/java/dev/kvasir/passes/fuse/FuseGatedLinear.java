package dev.kvasir.passes.fuse;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphRewriter;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.GatedLinearOp;
import dev.kvasir.ir.graph.ops.LinearOp;
import dev.kvasir.ir.graph.ops.SwigluOp;
import dev.kvasir.passes.Pass;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Computes both products of SwiGLU in one sweep over their input, so that neither is stored.
 *
 * <pre>{@code
 * %gate = linear(%x) {weight = @g[16, 8]}            %y = gated_linear(%x) {gate = @g[16, 8], up = @u[16, 8]}
 * %up = linear(%x) {weight = @u[16, 8]}         ->
 * %y = swiglu(%gate, %up)
 * }</pre>
 *
 * Fires only where both products have the same input and nothing else uses them. After {@link
 * FuseResidual}: the two match different operations, this order makes dumps read in the order of a
 * layer.
 */
public final class FuseGatedLinear implements Pass {

  @Override
  public String id() {
    return "fuse-gated-linear";
  }

  @Override
  public Set<Property> requires() {
    return Set.of(Property.MODEL_BUILT, Property.HEADS_GROUPED, Property.STORAGE_ASSIGNED);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.OPS_FUSED);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Map<Node, GatedLinearOp> gates = new HashMap<>();
    Set<Value> products = new HashSet<>();
    for (Node node : graph.nodes()) {
      if (node.op() instanceof SwigluOp swiglu) {
        fused(graph, swiglu)
            .ifPresent(
                gated -> {
                  gates.put(node, gated);
                  products.addAll(swiglu.operands());
                });
      }
    }
    return GraphRewriter.rewrite(
        graph,
        (node, copy) -> {
          if (products.contains(node.result())) {
            copy.drop(node);
          } else if (gates.containsKey(node)) {
            GatedLinearOp gated = gates.get(node);
            copy.replace(node, gated.withOperands(List.of(copy.of(gated.input()))));
          } else {
            copy.keep(node);
          }
        });
  }

  private static Optional<GatedLinearOp> fused(Graph graph, SwigluOp swiglu) {
    Optional<LinearOp> gate = product(graph, swiglu.gate());
    Optional<LinearOp> up = product(graph, swiglu.up());
    return gate.isPresent() && up.isPresent() && gate.get().input().equals(up.get().input())
        ? Optional.of(
            new GatedLinearOp(
                gate.get().input(),
                gate.get().weight(),
                up.get().weight(),
                gate.get().bias(),
                up.get().bias()))
        : Optional.empty();
  }

  private static Optional<LinearOp> product(Graph graph, Value value) {
    return SingleUseProduct.find(graph, value).map(SingleUseProduct::linear);
  }
}
