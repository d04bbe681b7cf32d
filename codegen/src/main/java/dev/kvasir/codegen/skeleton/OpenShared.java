package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Copies the directions behind the last full page of a batch to the open page. Grid: sequence,
 * head.
 */
public final class OpenShared {

  private OpenShared() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape a merged head group, whose shared rows are packed
   * @param batch what is merged
   */
  public static Kernel build(String name, AttentionShape shape, MergeBatch batch) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    SegmentPart shared = shape.segments().getFirst();
    String table = kernel.reads("table", ElementFormat.I32);
    PageBuffer closing =
        new PageBuffer(kernel.reads(SharedRows.CLOSING, shared.format()), shape.plainPage());
    PageBuffer pages = PageBuffer.of(shape, shared);
    kernel.writes(pages.buffer(), shared.format());
    RowMove rows = new RowMove(kernel, shape);
    IntExpression to = kernel.dim(MergeBatch.TO);
    IntExpression source =
        kernel.let("source", kernel.axis("head").times(batch.pages()).plus(fullPages(kernel)));
    IntExpression open =
        PagedRows.open(kernel, shape, shared, table, PagedRows.tableStart(kernel, shape, shared));
    kernel.loop(
        "row",
        IntExpression.constant(0),
        to.modulo(SegmentPart.PAGE_ROWS),
        row -> {
          rows.load(closing, source, row);
          rows.store(pages, open, row);
        });
    return kernel.build();
  }

  /** {@return pages of shared rows that a batch fills} */
  static IntExpression fullPages(KernelBuilder kernel) {
    return kernel
        .dim(MergeBatch.TO)
        .floorDivide(SegmentPart.PAGE_ROWS)
        .minus(kernel.dim(MergeBatch.FROM).floorDivide(SegmentPart.PAGE_ROWS));
  }
}
