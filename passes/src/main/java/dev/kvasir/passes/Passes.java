package dev.kvasir.passes;

import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.passes.build.BuildGraph;
import dev.kvasir.passes.check.AttentionReadsItsSpan;
import dev.kvasir.passes.check.EveryCacheIsThreaded;
import dev.kvasir.passes.check.FoldFollowsAttention;
import dev.kvasir.passes.check.GraphCheck;
import dev.kvasir.passes.check.MergeFollowsAttention;
import dev.kvasir.passes.check.ResultsInOrder;
import dev.kvasir.passes.check.SelectionFollowsAttention;
import dev.kvasir.passes.cleanup.RemoveDeadOps;
import dev.kvasir.passes.fuse.FuseGatedLinear;
import dev.kvasir.passes.fuse.FuseResidual;
import dev.kvasir.passes.technique.FuseKvConv;
import dev.kvasir.passes.technique.GroupHeads;
import dev.kvasir.passes.technique.MergeLayers;
import dev.kvasir.passes.technique.QuantizeKv;
import dev.kvasir.passes.technique.SelectWindow;
import dev.kvasir.passes.technique.StoreKv;
import java.util.List;

/** The passes, in the order in which they run. A policy chooses techniques; it never orders. */
public final class Passes {
  private static final List<Pass> PIPELINE =
      List.of(
          // The graph as the model's configuration describes it.
          new BuildGraph(),
          // Retention: which rows each KV head keeps. Makes the segments that the rest works on.
          new GroupHeads(),
          new SelectWindow(),
          new FuseKvConv(),
          // Sharing: only layers that keep every row merge.
          new MergeLayers(),
          // Storage: how the rows of each segment are kept.
          new StoreKv(),
          new QuantizeKv(),
          // What becomes one kernel. Behind the techniques, which match the plain operations.
          new FuseResidual(),
          new FuseGatedLinear(),
          // What the passes above left without a use.
          new RemoveDeadOps());

  private static final List<GraphCheck> CHECKS =
      List.of(
          new ResultsInOrder(),
          new EveryCacheIsThreaded(),
          new AttentionReadsItsSpan(),
          new SelectionFollowsAttention(),
          new FoldFollowsAttention(),
          new MergeFollowsAttention());

  private Passes() {}

  /** {@return the whole pipeline and the checks behind it} */
  public static PassManager pipeline() {
    return new PassManager(PIPELINE, CHECKS);
  }

  /** {@return what a policy may use, in the order in which it is carried out} */
  public static List<TechniqueSpec> techniques() {
    return PIPELINE.stream()
        .filter(TechniquePass.class::isInstance)
        .map(TechniquePass.class::cast)
        .map(TechniquePass::spec)
        .toList();
  }
}
