package dev.kvasir.passes.check;

import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;

/**
 * What an op took from the attention that it looks back on.
 *
 * @param query the queries
 * @param lse logarithms of the sums over rows
 * @param queryHeads query heads
 * @param scale factor of the logits
 */
record LookBack(Value query, Value lse, int queryHeads, double scale) {

  /** {@return whether a node is that attention} */
  boolean isOn(Node node) {
    return node.op() instanceof AttentionOp attention
        && attention.query().equals(query)
        && node.results().getLast().equals(lse)
        && attention.scale() == scale
        && attention.queryHeads() == queryHeads
        && attention.softCap().isEmpty();
  }
}
