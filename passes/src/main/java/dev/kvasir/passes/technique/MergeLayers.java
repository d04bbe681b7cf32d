package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphRewriter;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.policy.Arguments;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import dev.kvasir.passes.TechniquePass;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Lets two neighbouring layers share the directions of their rows (MiniCache, Liu et al., 2024).
 * With {@code from = 50%} in a model of two layers, where layer 1 follows layer 0:
 *
 * <pre>{@code
 * parameter %a: cache<layer 0, heads 1, key 32, value 32; [0]: dense bf16>
 * parameter %b: cache<layer 1, heads 1, key 32, value 32; [0]: dense bf16>
 * %a_after = append_kv(%a, %k, %v)
 * %b_after = append_kv(%b, %l, %w)
 * %out, %lse = attention(%q, %b_after) {query_heads = 1, scale = 0.5}
 *   ->
 * parameter %a: cache<layer 0, heads 1, key 32, value 32; [0]: shared bf16
 *   merge(lower, with = 1, t = 0.6, retain = 5%, tail = 128) + retained bf16 + tail bf16 rows 128>
 * parameter %b: cache<layer 1, heads 1, key 32, value 32; [0]: shared bf16
 *   merge(upper, with = 0, t = 0.6, retain = 5%, tail = 128) + retained bf16 + tail bf16 rows 128>
 * %a_after = append_kv(%a, %k, %v)
 * %b_after = append_kv(%b, %l, %w)
 * %out, %lse = attention(%q, %b_after) {query_heads = 1, scale = 0.5}
 * %layer.0.cache_merged, %layer.1.cache_merged = merge_rows(%a_after, %b_after)
 * }</pre>
 *
 * The merged caches take the place of the appended ones in all that follows. The layers of the
 * target from {@code from} on are taken in ascending order, two by two; an odd last one stays as it
 * is.
 *
 * <p>After all that decides which rows a head keeps: only layers that keep every row merge. Before
 * storage, which finds the segments made here.
 */
public final class MergeLayers implements TechniquePass {
  private static final TechniqueSpec SPEC = MergeLayersSpec.spec();

  /** The techniques that store rows, which the layers of a pair must agree on. */
  private static final List<String> STORAGE =
      List.of(new StoreKv().spec().name(), new QuantizeKv().spec().name());

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
    return Set.of(
        Property.MODEL_BUILT, Property.HEADS_GROUPED, Property.ROWS_SELECTED, Property.ROWS_FOLDED);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.LAYERS_MERGED);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Graph merged = graph;
    for (TechniqueUse use : context.policy().uses(id())) {
      MergeLayersUse merging = new MergeLayersUse(use);
      Map<Integer, MergeLayersUse.Pair> pairs = new HashMap<>();
      for (MergeLayersUse.Pair pair : merging.pairs(context.policy().facts().layers())) {
        checkStorage(pair, use, context.policy());
        pairs.put(pair.lower(), pair);
        pairs.put(pair.upper(), pair);
      }
      merged = merge(merged, merging, pairs);
    }
    return merged;
  }

  private static Graph merge(
      Graph graph, MergeLayersUse merging, Map<Integer, MergeLayersUse.Pair> pairs) {
    Map<Integer, Value> appended = new HashMap<>();
    return GraphRewriter.rewrite(
        graph,
        parameter -> type(parameter.type(), merging, pairs),
        (node, copy) -> {
          copy.keep(node);
          if (node.op() instanceof AttentionOp attention) {
            int layer = attention.cacheType().layer();
            appended.put(layer, attention.cache());
            Optional.ofNullable(pairs.get(layer))
                .filter(pair -> pair.upper() == layer)
                .ifPresent(pair -> merge(copy, appended, pair));
          }
        });
  }

  private static void merge(
      GraphRewriter copy, Map<Integer, Value> appended, MergeLayersUse.Pair pair) {
    Value lower = appended.get(pair.lower());
    Value upper = appended.get(pair.upper());
    if (lower == null || upper == null) {
      throw new CompilerBug("layers " + pair + " do not run in this order");
    }
    List<Value> results =
        copy.add(
            List.of(
                "layer." + pair.lower() + ".cache_merged",
                "layer." + pair.upper() + ".cache_merged"),
            new MergeRowsOp(copy.of(lower), copy.of(upper)));
    copy.substitute(lower, results.getFirst());
    copy.substitute(upper, results.getLast());
  }

  private static Type type(
      Type type, MergeLayersUse merging, Map<Integer, MergeLayersUse.Pair> pairs) {
    return switch (type) {
      case TensorType tensor -> tensor;
      case CacheType cache ->
          Optional.ofNullable(pairs.get(cache.layer()))
              .map(pair -> merged(cache, merging, pair))
              .orElse(cache);
    };
  }

  private static CacheType merged(
      CacheType cache, MergeLayersUse merging, MergeLayersUse.Pair pair) {
    CacheSegment first = cache.groups().getFirst().segments().getFirst();
    if (cache.groups().size() != 1 || first.kind() != CacheSegment.Kind.DENSE) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.CONFLICTING_TECHNIQUES,
                  merging.use().span(),
                  "layers %s cannot merge: layer %d does not keep every row"
                      .formatted(pair, cache.layer()))
              .withNote("layers that keep chosen rows do not merge: restrict one use with on"));
    }
    if (first.window().isPresent()) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.LAYER_HAS_WINDOW,
                  merging.use().span(),
                  "layer %d has a sliding window of its own, which forgets rows by itself"
                      .formatted(cache.layer()))
              .withNote("restrict merge-layers with on; quantize-kv packs such a layer"));
    }
    Merge merge = merging.merge(pair, cache.layer());
    return cache.withGroups(
        List.of(
            new HeadGroup(
                cache.groups().getFirst().heads(),
                List.of(
                    CacheSegment.shared(first.format(), merge),
                    CacheSegment.of(
                        CacheSegment.Kind.RETAINED, first.format(), 0, OptionalInt.empty()),
                    CacheSegment.of(
                        CacheSegment.Kind.TAIL,
                        first.format(),
                        merge.tail(),
                        OptionalInt.empty())))));
  }

  private static void checkStorage(
      MergeLayersUse.Pair pair, TechniqueUse use, ResolvedPolicy policy) {
    for (String technique : STORAGE) {
      Optional<TechniqueUse> lower = on(pair.lower(), technique, policy);
      Optional<TechniqueUse> upper = on(pair.upper(), technique, policy);
      Optional<Arguments> of = lower.map(TechniqueUse::arguments);
      if (!of.equals(upper.map(TechniqueUse::arguments))) {
        Diagnostic refused =
            Diagnostic.error(
                DiagnosticCode.CONFLICTING_TECHNIQUES,
                use.span(),
                "layers %s cannot merge: %s stores them in different ways"
                    .formatted(pair, technique));
        throw new CompileException(
            refused
                .withNote("it is used here", lower.or(() -> upper).orElseThrow().span())
                .withNote("name both layers in one use of " + technique + ", or neither"));
      }
    }
  }

  private static Optional<TechniqueUse> on(int layer, String technique, ResolvedPolicy policy) {
    return policy.uses(technique).stream()
        .filter(use -> use.target().layers().contains(layer))
        .findFirst();
  }
}
