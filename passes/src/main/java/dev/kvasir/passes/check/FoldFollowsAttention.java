package dev.kvasir.passes.check;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Each cache with folded heads is folded once, by the mass of the attention that reads it. */
public final class FoldFollowsAttention implements GraphCheck {

  @Override
  public String id() {
    return "fold-follows-attention";
  }

  @Override
  public List<String> problems(Graph graph) {
    List<String> problems = new ArrayList<>();
    Map<Value, Node> attended = new HashMap<>();
    Map<Value, Integer> folds = new HashMap<>();
    for (Node node : graph.nodes()) {
      switch (node.op()) {
        case AttentionOp attention -> attended.put(attention.cache(), node);
        case FoldRowsOp fold -> {
          folds.merge(fold.cache(), 1, Integer::sum);
          Node attention = attended.get(fold.cache());
          if (attention == null || !lookBack(fold).isOn(attention)) {
            problems.add(node.result() + " does not weigh rows by their own attention");
          }
        }
        default -> {}
      }
    }
    for (Value cache : attended.keySet()) {
      int times = folds.getOrDefault(cache, 0);
      if (cache.type() instanceof CacheType type
          && type.groups().stream().anyMatch(HeadGroup::isFolded)
          && times != 1) {
        problems.add(cache + " is folded " + times + " times, expected once");
      }
    }
    return problems;
  }

  private static LookBack lookBack(FoldRowsOp fold) {
    return new LookBack(fold.query(), fold.lse(), fold.queryHeads(), fold.scale());
  }
}
