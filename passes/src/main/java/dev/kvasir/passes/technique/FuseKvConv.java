package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphRewriter;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import dev.kvasir.passes.TechniquePass;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Folds rows into a fixed number of slots: those that queries look at most are kept, the others
 * mixed by a convolution (LoCoCo, Cai et al., 2024). With {@code slots = 128, block = 64, kernel =
 * 21, keep = 50%}:
 *
 * <pre>{@code
 * parameter %a: cache<layer 0, heads 2, key 32, value 32; [0, 1]: dense bf16>
 * %a_after = append_kv(%a, %k, %v)
 * %out, %lse = attention(%q, %a_after) {query_heads = 4, scale = 0.5}
 *   ->
 * parameter %a: cache<layer 0, heads 2, key 32, value 32;
 *   [0, 1]: slots bf16 rows 128 + tail bf16 rows 64>
 * %a_after = append_kv(%a, %k, %v)
 * %out, %lse = attention(%q, %a_after) {query_heads = 4, scale = 0.5}
 * %layer.0.cache_folded = fold_rows(%a_after, %q, %lse) {query_heads = 4, scale = 0.5, slots = 128,
 *   block = 64, kernel = 21, mixed = 64, weight = @layer.0.lococo.weight[64, 64, 21],
 *   bias = @layer.0.lococo.bias[64], alpha = @layer.0.lococo.alpha[1]}
 * }</pre>
 *
 * What is folded takes the place of the appended cache in all that follows. The cache of a folded
 * layer stops growing at {@code slots + block} tokens.
 *
 * <p>After heads are grouped: a layer is folded as a whole and must keep every row so far. Before
 * storage, which finds the segments made here.
 */
public final class FuseKvConv implements TechniquePass {
  private static final TechniqueSpec SPEC = FuseKvConvSpec.spec();

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
    return Set.of(Property.MODEL_BUILT, Property.HEADS_GROUPED, Property.ROWS_SELECTED);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.ROWS_FOLDED);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Graph folded = graph;
    for (TechniqueUse use : context.policy().uses(id())) {
      folded = fold(folded, use);
    }
    return folded;
  }

  private static Graph fold(Graph graph, TechniqueUse use) {
    Fold fold = FuseKvConvSpec.fold(use);
    List<Integer> layers = use.target().layers();
    return GraphRewriter.rewrite(
        graph,
        parameter -> type(parameter.type(), use, fold),
        (node, copy) -> {
          copy.keep(node);
          if (node.op() instanceof AttentionOp attention
              && layers.contains(attention.cacheType().layer())) {
            fold(node, attention, fold, copy);
          }
        });
  }

  /** Adds what a layer does behind its attention. */
  private static void fold(Node node, AttentionOp attention, Fold fold, GraphRewriter copy) {
    if (attention.softCap().isPresent()) {
      throw new CompilerBug("rows are folded without a soft-cap: " + node.result());
    }
    FoldRowsOp folding =
        FoldRowsOp.of(
            copy.of(attention.cache()),
            copy.of(attention.query()),
            copy.of(node.results().getLast()),
            attention.queryHeads(),
            attention.scale(),
            fold);
    String name = "layer." + attention.cacheType().layer() + ".cache_folded";
    copy.substitute(attention.cache(), copy.add(name, folding));
  }

  private static Type type(Type type, TechniqueUse use, Fold fold) {
    return switch (type) {
      case TensorType tensor -> tensor;
      case CacheType cache ->
          use.target().layers().contains(cache.layer()) ? folded(cache, use, fold) : cache;
    };
  }

  private static CacheType folded(CacheType cache, TechniqueUse use, Fold fold) {
    CacheSegment dense = cache.groups().getFirst().segments().getFirst();
    if (cache.groups().size() != 1 || dense.kind() != CacheSegment.Kind.DENSE) {
      throw new CompilerBug("a layer that is folded keeps every row before: " + cache.text());
    }
    if (dense.window().isPresent()) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.LAYER_HAS_WINDOW,
                  use.span(),
                  "layer %d has a sliding window of its own, which forgets rows by itself"
                      .formatted(cache.layer()))
              .withNote("group-heads keeps the first rows of such a layer, quantize-kv packs all"));
    }
    return cache.withGroups(
        List.of(
            new HeadGroup(
                IntStream.range(0, cache.kvHeads()).boxed().toList(),
                List.of(
                    segment(CacheSegment.Kind.SLOTS, dense.format(), fold.slots()),
                    segment(CacheSegment.Kind.TAIL, dense.format(), fold.block())))));
  }

  private static CacheSegment segment(CacheSegment.Kind kind, ElementFormat format, int rows) {
    return CacheSegment.of(kind, format, rows, OptionalInt.empty());
  }
}
