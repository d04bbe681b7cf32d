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
 * <p>Layers that keep chosen rows merge where both keep what one selection chose. The rows that it
 * chooses are then merged when it does, in one operation:
 *
 * <pre>{@code
 * %choice = select_rows(%a_after, %q, %lse) {...}
 * %a_kept = keep_rows(%a_after, %choice)
 * %b_kept = keep_rows(%b_after, %choice)
 *   ->
 * %choice = select_rows(%a_after, %q, %lse) {...}
 * %layer.0.cache_merged, %layer.1.cache_merged = merge_rows(%a_after, %b_after, %choice)
 * }</pre>
 *
 * with the budget in both caches: {@code shared bf16 budget(...) merge(...) + retained bf16 + tail
 * bf16 rows 512}.
 *
 * <p>After all that decides which rows a head keeps. Before storage, which finds the segments made
 * here.
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
      MergedSelections selections = new MergedSelections(merged, merging, context.policy());
      Map<Integer, MergeLayersUse.Pair> pairs = new HashMap<>();
      for (MergeLayersUse.Pair pair : merging.pairs(context.policy().facts().layers())) {
        checkStorage(pair, use, context.policy());
        selections.check(pair);
        pairs.put(pair.lower(), pair);
        pairs.put(pair.upper(), pair);
      }
      merged = merge(merged, merging, pairs);
    }
    return merged;
  }

  private static Graph merge(
      Graph graph, MergeLayersUse merging, Map<Integer, MergeLayersUse.Pair> pairs) {
    Map<Integer, Layer> layers = new HashMap<>();
    return GraphRewriter.rewrite(
        graph,
        parameter -> type(parameter.type(), merging, pairs),
        (node, copy) -> {
          Optional<MergeLayersUse.Pair> pair = pairOf(node, pairs);
          if (pair.isEmpty()) {
            copy.keep(node);
          } else if (node.op() instanceof KeepRowsOp keep) {
            copy.drop(node);
            int layer = keep.cacheType().layer();
            layers.put(layer, new Layer(keep.cache(), node.result(), Optional.of(keep.choice())));
            merge(copy, layers, layer, pair.get());
          } else if (node.op() instanceof AttentionOp attention) {
            copy.keep(node);
            CacheType cache = attention.cacheType();
            if (cache.groups().stream().noneMatch(HeadGroup::isSelected)) {
              Value rows = attention.cache();
              layers.put(cache.layer(), new Layer(rows, rows, Optional.empty()));
              merge(copy, layers, cache.layer(), pair.get());
            }
          }
        });
  }

  /** The pair that an operation reads the cache of, if that decides where rows are merged. */
  private static Optional<MergeLayersUse.Pair> pairOf(
      Node node, Map<Integer, MergeLayersUse.Pair> pairs) {
    return switch (node.op()) {
      case AttentionOp attention -> Optional.ofNullable(pairs.get(attention.cacheType().layer()));
      case KeepRowsOp keep -> Optional.ofNullable(pairs.get(keep.cacheType().layer()));
      default -> Optional.empty();
    };
  }

  /**
   * A layer of a pair.
   *
   * @param appended its cache with the span
   * @param last what follows from it so far
   * @param choice what it keeps, where rows are chosen
   */
  private record Layer(Value appended, Value last, Optional<Value> choice) {}

  /** Merges a pair behind its upper layer. */
  private static void merge(
      GraphRewriter copy, Map<Integer, Layer> layers, int layer, MergeLayersUse.Pair pair) {
    if (layer == pair.lower()) {
      return;
    }
    Layer lower = layers.get(pair.lower());
    Layer upper = layers.get(pair.upper());
    if (lower == null || upper == null) {
      throw new CompilerBug("layers " + pair + " do not run in this order");
    }
    List<Value> results =
        copy.add(
            List.of(
                "layer." + pair.lower() + ".cache_merged",
                "layer." + pair.upper() + ".cache_merged"),
            new MergeRowsOp(
                copy.of(lower.appended()),
                copy.of(upper.appended()),
                upper.choice().map(copy::of)));
    copy.substitute(lower.last(), results.getFirst());
    copy.substitute(upper.last(), results.getLast());
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
    if (first.window().isPresent()) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.LAYER_HAS_WINDOW,
                  merging.use().span(),
                  "layer %d has a sliding window of its own, which forgets rows by itself"
                      .formatted(cache.layer()))
              .withNote("restrict merge-layers with on; quantize-kv packs such a layer"));
    }
    if (cache.groups().size() != 1
        || (first.kind() != CacheSegment.Kind.DENSE && first.kind() != CacheSegment.Kind.KEPT)) {
      throw new CompilerBug("a layer that merges keeps all or chosen rows: " + cache.text());
    }
    Merge merge = merging.merge(pair, cache.layer());
    return cache.withGroups(
        List.of(
            new HeadGroup(
                cache.groups().getFirst().heads(),
                List.of(
                    CacheSegment.shared(first.format(), first.budget(), merge),
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
      Optional<TechniqueUse> lower = MergeLayersUse.on(pair.lower(), technique, policy);
      Optional<TechniqueUse> upper = MergeLayersUse.on(pair.upper(), technique, policy);
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
}
