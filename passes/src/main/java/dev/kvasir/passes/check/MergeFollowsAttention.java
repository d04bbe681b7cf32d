package dev.kvasir.passes.check;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Each cache with merged heads is merged once, behind the attention of both layers, which store
 * their rows in the same way.
 */
public final class MergeFollowsAttention implements GraphCheck {

  @Override
  public String id() {
    return "merge-follows-attention";
  }

  @Override
  public List<String> problems(Graph graph) {
    List<String> problems = new ArrayList<>();
    Set<Value> attended = new LinkedHashSet<>();
    Map<Value, Integer> merged = new HashMap<>();
    for (Node node : graph.nodes()) {
      switch (node.op()) {
        case AttentionOp attention -> attended.add(attention.cache());
        case MergeRowsOp merge -> {
          for (Value cache : List.of(merge.lower(), merge.upper())) {
            merged.merge(cache, 1, Integer::sum);
            if (!attended.contains(cache)) {
              problems.add(cache + " is merged before attention has read it");
            }
          }
          if (!storage(merge.lowerType()).equals(storage(merge.upperType()))) {
            problems.add(
                merge.lower() + " and " + merge.upper() + " share rows and store them differently");
          }
        }
        default -> {}
      }
    }
    for (Value cache : attended) {
      if (cache.type() instanceof CacheType type
          && type.groups().stream().anyMatch(HeadGroup::isMerged)
          && merged.getOrDefault(cache, 0) != 1) {
        problems.add(
            cache + " is merged " + merged.getOrDefault(cache, 0) + " times, expected once");
      }
    }
    return problems;
  }

  private record Storage(String format, Optional<Packing> packing) {}

  private static List<Storage> storage(CacheType type) {
    return type.groups().stream()
        .flatMap(group -> group.segments().stream())
        .map((CacheSegment segment) -> new Storage(segment.format().text(), segment.packing()))
        .toList();
  }
}
