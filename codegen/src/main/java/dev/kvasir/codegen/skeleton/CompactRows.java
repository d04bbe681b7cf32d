package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;

/**
 * Copies the rows that a selection chose out of a head's pages, its tail and the running span's raw
 * rows straight to where they are kept. A row's new number is at most its number as a candidate, so
 * that ascending copies never overwrite a row that is still needed. Grid: sequence, listed head.
 */
public final class CompactRows {

  private CompactRows() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape the head group, whose kept rows are not packed
   * @param source where candidates are read from
   * @param listRoom elements of a list of chosen rows
   */
  public static Kernel build(
      String name, AttentionShape shape, Candidates.Source source, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    ChosenRows chosen = new ChosenRows(kernel, shape, source, listRoom, true);
    SegmentPart kept = shape.kept();
    PageBuffer pages = PageBuffer.of(shape, kept);
    IntExpression start = kernel.let("kept_start", PagedRows.tableStart(kernel, shape, kept));
    chosen.each(
        IntExpression.constant(0),
        chosen.count,
        (rows, row) -> {
          IntExpression target =
              PagedRows.physical(
                  kernel, shape, kept, chosen.table, start, row.floorDivide(SegmentPart.PAGE_ROWS));
          rows.store(pages, target, row.modulo(SegmentPart.PAGE_ROWS));
        });
    return kernel.build();
  }
}
