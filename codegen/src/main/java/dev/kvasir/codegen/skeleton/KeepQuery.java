package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Keeps the query row of a step and its log-sum-exp, for the selection that is near. Grid:
 * sequence, KV head.
 */
public final class KeepQuery {

  /** The dim that says which of the kept rows it becomes. */
  public static final String SLOT = "slot";

  private KeepQuery() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape any head group of the layer
   */
  public static Kernel build(String name, AttentionShape shape) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    kernel.reads("q", ElementFormat.F32);
    kernel.reads("lse", ElementFormat.F32);
    kernel.writes("kept_q", ElementFormat.F32);
    kernel.writes("kept_lse", ElementFormat.F32);
    String query = kernel.tile("query", shape.group(), shape.keyDim());
    String sum = kernel.tile("sum", shape.group(), 1);
    IntExpression head = kernel.axis("head");
    IntExpression step = kernel.axis("sequence");
    IntExpression slot = kernel.dim(SLOT);
    kernel.load(query, QueryRows.view(shape, "q", shape.keyDim(), head, step, 1));
    kernel.store(QueryRows.view(shape, "kept_q", shape.keyDim(), head, slot, 1), query);
    kernel.load(sum, QueryRows.view(shape, "lse", 1, head, step, 1));
    kernel.store(QueryRows.view(shape, "kept_lse", 1, head, slot, 1), sum);
    return kernel.build();
  }
}
