package dev.kvasir.passes.check;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AppendKvOp;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.type.CacheType;
import java.util.ArrayList;
import java.util.List;

/**
 * Each cache parameter is appended to once, and the appended cache is the result in the same place:
 * a kernel can write rows in place. Where rows are selected, folded or merged, the result is the
 * appended cache after {@code keep_rows}, {@code fold_rows} or {@code merge_rows}.
 */
public final class EveryCacheIsThreaded implements GraphCheck {

  @Override
  public String id() {
    return "every-cache-is-threaded";
  }

  @Override
  public List<String> problems(Graph graph) {
    List<Value> before = caches(graph.parameters());
    List<Value> after = caches(graph.results());
    if (before.size() != after.size()) {
      return List.of(
          before.size() + " caches are parameters, " + after.size() + " caches are results");
    }
    List<String> problems = new ArrayList<>();
    for (int index = 0; index < before.size(); index++) {
      Value cache = before.get(index);
      List<Node> appends =
          graph.nodes().stream()
              .filter(
                  node -> node.op() instanceof AppendKvOp append && append.cache().equals(cache))
              .toList();
      if (appends.size() != 1) {
        problems.add(cache + " is appended to " + appends.size() + " times, expected once");
      } else if (!last(graph, appends.getFirst().result()).equals(after.get(index))) {
        problems.add(
            last(graph, appends.getFirst().result())
                + " must be the result for "
                + cache
                + ", which is "
                + after.get(index));
      }
    }
    return problems;
  }

  /** What a layer leaves of an appended cache. */
  private static Value last(Graph graph, Value appended) {
    for (Node node : graph.nodes()) {
      if (node.op() instanceof KeepRowsOp keep && keep.cache().equals(appended)) {
        return node.result();
      }
      if (node.op() instanceof FoldRowsOp fold && fold.cache().equals(appended)) {
        return node.result();
      }
      if (node.op() instanceof MergeRowsOp merge) {
        List<Value> pair = List.of(merge.lower(), merge.upper());
        if (pair.contains(appended)) {
          return node.results().get(pair.indexOf(appended));
        }
      }
    }
    return appended;
  }

  private static List<Value> caches(List<Value> values) {
    return values.stream().filter(value -> value.type() instanceof CacheType).toList();
  }
}
