package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Lays the running span's keys and values out in f32 pages, where prefill attention reads them.
 * Grid: sequence, KV head, page of the span.
 */
public final class StageRows {

  private StageRows() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape any head group of the layer
   * @param spanPages pages of raw rows that the span's scratch holds per head
   */
  public static Kernel build(String name, AttentionShape shape, int spanPages) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    RowCopy copy = new RowCopy(kernel, shape);
    PageBuffer raw = new PageBuffer(kernel.writes("raw", ElementFormat.F32), shape.plainPage());
    IntExpression first = kernel.let("first", kernel.axis("page").times(SegmentPart.PAGE_ROWS));
    IntExpression rows =
        kernel.let(
            "rows",
            kernel.dim("span").minus(first).minimum(IntExpression.constant(SegmentPart.PAGE_ROWS)));
    IntExpression page =
        kernel.let("target", kernel.axis("head").times(spanPages).plus(kernel.axis("page")));
    kernel.loop(
        "row",
        IntExpression.constant(0),
        rows,
        row -> copy.copy(first.plus(row), kernel.axis("head"), raw, page, row));
    return kernel.build();
  }
}
