package dev.kvasir.passes.check;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.graph.ops.SelectRowsOp;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Each cache with selected heads is kept once, alone or in a merge, behind its attention and by a
 * choice for the same budget; each choice looks back on the attention of its own layer.
 */
public final class SelectionFollowsAttention implements GraphCheck {

  @Override
  public String id() {
    return "selection-follows-attention";
  }

  @Override
  public List<String> problems(Graph graph) {
    List<String> problems = new ArrayList<>();
    Map<Value, Node> attended = new LinkedHashMap<>();
    Map<Value, SelectRowsOp> choices = new HashMap<>();
    Map<Value, Integer> kept = new HashMap<>();
    for (Node node : graph.nodes()) {
      switch (node.op()) {
        case AttentionOp attention -> attended.put(attention.cache(), node);
        case SelectRowsOp select -> {
          choices.put(node.result(), select);
          Optional.ofNullable(attended.get(select.cache()))
              .filter(lookBack(select)::isOn)
              .ifPresentOrElse(
                  _ -> {},
                  () -> problems.add(node.result() + " does not look back on its own attention"));
        }
        case KeepRowsOp keep -> {
          kept.merge(keep.cache(), 1, Integer::sum);
          if (!attended.containsKey(keep.cache())) {
            problems.add(node.result() + " drops rows that attention has not read");
          }
          if (!isFor(choices.get(keep.choice()), keep.group())) {
            problems.add(keep.choice() + " is no choice for " + keep.cache());
          }
        }
        case MergeRowsOp merge when merge.choice().isPresent() -> {
          Value choice = merge.choice().get();
          kept.merge(merge.lower(), 1, Integer::sum);
          kept.merge(merge.upper(), 1, Integer::sum);
          if (!isFor(choices.get(choice), merge.group())) {
            problems.add(choice + " is no choice for " + merge.lower() + " and " + merge.upper());
          }
        }
        default -> {}
      }
    }
    for (Value cache : attended.keySet()) {
      if (cache.type() instanceof CacheType type
          && type.groups().stream().anyMatch(HeadGroup::isSelected)
          && kept.getOrDefault(cache, 0) != 1) {
        problems.add(cache + " is kept " + kept.getOrDefault(cache, 0) + " times, expected once");
      }
    }
    return problems;
  }

  private static LookBack lookBack(SelectRowsOp select) {
    return new LookBack(select.query(), select.lse(), select.queryHeads(), select.scale());
  }

  private static boolean isFor(@Nullable SelectRowsOp choice, HeadGroup group) {
    return choice != null
        && choice.group().budget().equals(group.budget())
        && choice.selection().tail() == group.segments().getLast().rows();
  }
}
