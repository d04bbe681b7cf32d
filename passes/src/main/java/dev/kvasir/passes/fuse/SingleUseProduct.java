package dev.kvasir.passes.fuse;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.LinearOp;
import java.util.Optional;

/** A product without residual whose result is used once, so that its only user can absorb it. */
record SingleUseProduct(Node node, LinearOp linear) {

  /** The product that defines a value, if it is one. */
  static Optional<SingleUseProduct> find(Graph graph, Value value) {
    return graph
        .definingNode(value)
        .filter(node -> graph.uses(value) == 1)
        .flatMap(
            node ->
                node.op() instanceof LinearOp linear && linear.residual().isEmpty()
                    ? Optional.of(new SingleUseProduct(node, linear))
                    : Optional.empty());
  }
}
