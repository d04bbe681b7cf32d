package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.policy.ResolvedPolicy;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Which layers keep chosen rows, and whether two of them can merge these. */
final class MergedSelections {
  private static final String SELECTION = new SelectWindow().spec().name();

  private final Map<Integer, KeepRowsOp> kept = new HashMap<>();
  private final MergeLayersUse merging;
  private final ResolvedPolicy policy;

  MergedSelections(Graph graph, MergeLayersUse merging, ResolvedPolicy policy) {
    this.merging = merging;
    this.policy = policy;
    for (Node node : graph.nodes()) {
      if (node.op() instanceof KeepRowsOp keep) {
        kept.put(keep.cacheType().layer(), keep);
      }
    }
  }

  /**
   * Refuses two layers that do not keep the rows of one list, in all heads and with the tail of the
   * merge; layers that keep every row pass.
   */
  void check(MergeLayersUse.Pair pair) {
    Optional<KeepRowsOp> lower = Optional.ofNullable(kept.get(pair.lower()));
    Optional<KeepRowsOp> upper = Optional.ofNullable(kept.get(pair.upper()));
    Optional<KeepRowsOp> some =
        Stream.concat(lower.stream(), upper.stream())
            .filter(keep -> keep.cacheType().groups().size() > 1)
            .findFirst();
    if (some.isPresent()) {
      int layer = some.get().cacheType().layer();
      throw refused(
          layer,
          merging.use().span(),
          "layers %s cannot merge: layer %d selects rows for some of its KV heads alone"
              .formatted(pair, layer),
          "a layer merges all of its heads: name all of them in select-window, or restrict one use"
              + " with on");
    }
    if (lower.isPresent() != upper.isPresent()) {
      int layer = lower.isPresent() ? pair.lower() : pair.upper();
      throw refused(
          layer,
          merging.use().span(),
          "layers %s cannot merge: only layer %d keeps chosen rows".formatted(pair, layer),
          "layers merge where both keep all rows or share one list: name both in one use of"
              + " select-window, or restrict one use with on");
    }
    if (lower.isPresent() && upper.isPresent()) {
      check(pair, lower.get(), upper.get());
    }
  }

  private void check(MergeLayersUse.Pair pair, KeepRowsOp lower, KeepRowsOp upper) {
    if (!lower.choice().equals(upper.choice())) {
      throw refused(
          pair.upper(),
          merging.use().span(),
          "layers %s cannot merge: each keeps what a selection of its own chooses".formatted(pair),
          "layers that keep chosen rows merge where both share one list: write select-window(share"
              + " = 2) on these layers, or restrict one use with on");
    }
    int tail = upper.group().segments().getLast().rows();
    if (tail != merging.tail()) {
      throw refused(
          pair.upper(),
          merging.use().spanOf(MergeLayersSpec.TAIL),
          "layers %s cannot merge every %d rows: they select again every %d"
              .formatted(pair, merging.tail(), tail),
          "chosen rows merge when they are chosen: write merge-layers(tail = %d)".formatted(tail));
    }
  }

  private CompileException refused(int layer, SourceSpan place, String message, String wayOut) {
    Diagnostic refused =
        Diagnostic.error(DiagnosticCode.CONFLICTING_TECHNIQUES, place, message)
            .withNote(
                SELECTION + " is used here",
                MergeLayersUse.on(layer, SELECTION, policy).orElseThrow().span());
    return new CompileException(refused.withNote(wayOut));
  }
}
