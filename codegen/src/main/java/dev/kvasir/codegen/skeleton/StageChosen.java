package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Collects the rows of one layer that a selection chose, to be merged with those of another: f32,
 * row by row, the key and then the value, in the order of the list. Kept rows come from {@link
 * RebuildRows}. Grid: sequence, head, page of chosen rows.
 */
public final class StageChosen {

  private StageChosen() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape a head group whose chosen rows are merged
   * @param source where candidates are read from, kept ones rebuilt
   * @param listRoom elements of a list of chosen rows; the scratch has room for as many rows per
   *     head
   */
  public static Kernel build(
      String name, AttentionShape shape, Candidates.Source source, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    ChosenRows chosen = new ChosenRows(kernel, shape, source, listRoom, false);
    String staged = kernel.writes("staged", ElementFormat.F32);
    IntExpression first = kernel.let("first", kernel.axis("page").times(SegmentPart.PAGE_ROWS));
    IntExpression start = kernel.let("first_staged", kernel.axis("head").times(listRoom));
    chosen.each(
        first,
        chosen.count.minimum(first.plus(SegmentPart.PAGE_ROWS)),
        (rows, row) -> {
          IntExpression target = start.plus(row);
          kernel.store(StageMerged.key(shape, staged, target), rows.key);
          kernel.store(StageMerged.value(shape, staged, target), rows.value);
        });
    return kernel.build();
  }
}
