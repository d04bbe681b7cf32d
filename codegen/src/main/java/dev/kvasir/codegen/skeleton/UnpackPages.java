package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Decodes the closed pages of kept rows into plain pages of scratch, from where a selection takes
 * single rows. Grid: sequence, listed head, page.
 */
public final class UnpackPages {

  private UnpackPages() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape the head group, whose kept rows are packed
   * @param listRoom elements of a list of chosen rows
   */
  public static Kernel build(String name, AttentionShape shape, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    SegmentPart segment = shape.kept();
    String table = kernel.reads("table", ElementFormat.I32);
    PagedRows.declareHeld(kernel, shape);
    CodedRows coded = new CodedRows(kernel, shape, segment);
    PageBuffer unpacked =
        new PageBuffer(kernel.writes(ChosenRows.UNPACKED, ElementFormat.F32), shape.plainPage());
    IntExpression number = kernel.axis("page");
    IntExpression closed =
        kernel.let("closed", PagedRows.held(kernel, shape).floorDivide(SegmentPart.PAGE_ROWS));
    kernel.when(
        number.less(closed),
        () -> {
          IntExpression from =
              PagedRows.physical(
                  kernel,
                  shape,
                  segment,
                  table,
                  PagedRows.tableStart(kernel, shape, segment),
                  number);
          IntExpression to = kernel.let("to", GatherKept.page(kernel, listRoom, number));
          coded.each(
              from,
              (first, keys, values) -> {
                kernel.store(unpacked.keys(to).fromRow(first, CodedRows.BLOCK_ROWS), keys);
                kernel.store(unpacked.values(to).fromRow(first, CodedRows.BLOCK_ROWS), values);
              });
        });
    return kernel.build();
  }
}
