package dev.kvasir.passes.technique;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphRewriter;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.TensorType;
import java.util.function.UnaryOperator;

/** What techniques that only change cache types have in common. */
final class CacheRewriter {
  private CacheRewriter() {}

  /** The graph with other types for its cache parameters, and what follows from them. */
  static Graph rewrite(Graph graph, UnaryOperator<CacheType> change) {
    return GraphRewriter.retype(
        graph,
        parameter ->
            switch (parameter.type()) {
              case CacheType cache -> change.apply(cache);
              case TensorType tensor -> tensor;
            });
  }
}
