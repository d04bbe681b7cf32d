package dev.kvasir.passes.check;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.ops.AppendKvOp;
import dev.kvasir.ir.graph.ops.AttentionOp;
import java.util.ArrayList;
import java.util.List;

/** Attention reads a cache that holds the running span already, one layer after the other. */
public final class AttentionReadsItsSpan implements GraphCheck {

  @Override
  public String id() {
    return "attention-reads-its-span";
  }

  @Override
  public List<String> problems(Graph graph) {
    List<String> problems = new ArrayList<>();
    int layers = 0;
    for (Node node : graph.nodes()) {
      if (node.op() instanceof AttentionOp attention) {
        boolean appended =
            graph
                .definingNode(attention.cache())
                .filter(definition -> definition.op() instanceof AppendKvOp)
                .isPresent();
        if (!appended) {
          problems.add(node.result() + " reads " + attention.cache() + " without the span");
        }
        if (attention.cacheType().layer() != layers) {
          problems.add(
              node.result()
                  + " reads layer "
                  + attention.cacheType().layer()
                  + ", expected layer "
                  + layers);
        }
        layers++;
      }
    }
    return problems;
  }
}
