package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphRewriter;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.graph.ops.SelectRowsOp;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import dev.kvasir.passes.TechniquePass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Keeps the rows that the last queries of a prompt look at, and selects again when a tail of
 * generated rows is full (WindowKV, Zuo et al., 2025; with windows of single rows chosen by each
 * head SnapKV, Li et al., 2024; with a pyramid as budget PyramidKV, Cai et al., 2024). With {@code
 * budget = 2048, share = 2} the first of two layers chooses and both keep:
 *
 * <pre>{@code
 * parameter %a: cache<layer 0, heads 2, key 32, value 32; [0, 1]: dense bf16>
 * %a_after = append_kv(%a, %k, %v)
 * %out, %lse = attention(%q, %a_after) {query_heads = 4, scale = 0.5}
 *   ->
 * parameter %a: cache<layer 0, heads 2, key 32, value 32;
 *   [0, 1]: kept bf16 budget(2048, observe = 32, window = 8) + tail bf16 rows 512>
 * %a_after = append_kv(%a, %k, %v)
 * %out, %lse = attention(%q, %a_after) {query_heads = 4, scale = 0.5}
 * %layer.0.choice = select_rows(%a_after, %q, %lse) {query_heads = 4, scale = 0.5, window = 8,
 *   observe = 32, tail = 512, lists = shared, score = max, pool = 1}
 * %layer.0.cache_kept = keep_rows(%a_after, %layer.0.choice)
 * }</pre>
 *
 * What is kept takes the place of the appended cache in all that follows. The layers of the target
 * are taken in ascending order, in runs of {@code share}.
 *
 * <p>With {@code task = auto} the score is {@code by_task}: each prompt decides for itself, max
 * where a question mark stands among its first or last 256 tokens, as WindowKV's trained classifier
 * looks at those, and average elsewhere.
 *
 * <p>After heads are grouped: only heads that keep every row can be selected from. Before storage,
 * which finds the segments made here.
 */
public final class SelectWindow implements TechniquePass {
  private static final TechniqueSpec SPEC = SelectWindowSpec.spec();

  @Override
  public String id() {
    return SPEC.name();
  }

  @Override
  public TechniqueSpec spec() {
    return SPEC;
  }

  @Override
  public Set<Property> requires() {
    return Set.of(Property.MODEL_BUILT, Property.HEADS_GROUPED);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.ROWS_SELECTED);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Graph selected = graph;
    for (TechniqueUse use : context.policy().uses(id())) {
      selected = select(selected, new SelectWindowUse(use));
    }
    return selected;
  }

  private static Graph select(Graph graph, SelectWindowUse selecting) {
    Map<Integer, Value> choices = new HashMap<>();
    return GraphRewriter.rewrite(
        graph,
        parameter -> type(parameter.type(), selecting),
        (node, copy) -> {
          copy.keep(node);
          if (node.op() instanceof AttentionOp attention
              && selecting.layers().contains(attention.cacheType().layer())) {
            keep(node, attention, selecting, choices, copy);
          }
        });
  }

  /** Adds what a layer does behind its attention. */
  private static void keep(
      Node node,
      AttentionOp attention,
      SelectWindowUse selecting,
      Map<Integer, Value> choices,
      GraphRewriter copy) {
    if (attention.softCap().isPresent()) {
      throw new CompilerBug("rows are selected without a soft-cap: " + node.result());
    }
    int layer = attention.cacheType().layer();
    int run = selecting.layers().indexOf(layer) / selecting.share();
    Value cache = copy.of(attention.cache());
    Value choice =
        choices.computeIfAbsent(
            run,
            _ ->
                copy.add(
                    "layer." + layer + ".choice",
                    new SelectRowsOp(
                        cache,
                        copy.of(attention.query()),
                        copy.of(node.results().getLast()),
                        attention.queryHeads(),
                        attention.scale(),
                        selecting.selection(run))));
    Value kept = copy.add("layer." + layer + ".cache_kept", new KeepRowsOp(cache, choice));
    copy.substitute(attention.cache(), kept);
  }

  private static Type type(Type type, SelectWindowUse selecting) {
    return switch (type) {
      case TensorType tensor -> tensor;
      case CacheType cache -> selected(cache, selecting);
    };
  }

  private static CacheType selected(CacheType cache, SelectWindowUse selecting) {
    int index = selecting.layers().indexOf(cache.layer());
    if (index < 0) {
      return cache;
    }
    List<Integer> heads = selecting.use().target().headsOfLayer(cache.layer());
    List<HeadGroup> groups = new ArrayList<>();
    for (HeadGroup group : cache.groups()) {
      check(cache, group, selecting);
      List<Integer> others = group.heads().stream().filter(head -> !heads.contains(head)).toList();
      if (!others.isEmpty()) {
        groups.add(new HeadGroup(others, group.segments(), group.compensated()));
      }
    }
    CacheSegment dense = cache.groupOf(heads.getFirst()).segments().getFirst();
    groups.add(
        new HeadGroup(
            heads,
            List.of(
                CacheSegment.kept(dense.format(), selecting.budget(index)),
                CacheSegment.of(
                    CacheSegment.Kind.TAIL,
                    dense.format(),
                    selecting.tail(),
                    OptionalInt.empty()))));
    groups.sort(Comparator.comparingInt(group -> group.heads().getFirst()));
    return cache.withGroups(groups);
  }

  private static void check(CacheType cache, HeadGroup group, SelectWindowUse selecting) {
    if (group.isSelected()) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.UNSUPPORTED_TARGET,
                  selecting.use().span(),
                  "layer %d selects rows for other KV heads already".formatted(cache.layer()))
              .withNote("a layer selects in one way: name all its heads in one use"));
    }
    if (group.segments().getFirst().window().isPresent()) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.LAYER_HAS_WINDOW,
                  selecting.use().span(),
                  "layer %d has a sliding window of its own, which forgets rows by itself"
                      .formatted(cache.layer()))
              .withNote("group-heads keeps the first rows of such a layer, quantize-kv packs all"));
    }
  }
}
