package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Writes mixed rows behind the verbatim ones: {@code alpha} times what {@link FoldRows} made, and
 * the rest of the row of largest mass that belongs to the slot. Packed slots get them in the pages
 * of scratch that are packed next. Grid: sequence, listed head.
 */
public final class StoreMixed {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final IntExpression ZERO = IntExpression.constant(0);

  private final KernelBuilder kernel;
  private final FoldShape fold;
  private final String alpha;

  private StoreMixed(KernelBuilder kernel, FoldShape fold) {
    this.kernel = kernel;
    this.fold = fold;
    kernel.reads("mixed", ElementFormat.F32);
    kernel.reads("rest_rows", ElementFormat.F32);
    kernel.reads("residual", ElementFormat.I32);
    kernel.reads("alpha", ElementFormat.F32);
    alpha = kernel.tile("share", 1, 1);
  }

  /** {@return the kernel} */
  public static Kernel build(String name, FoldShape fold) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    new StoreMixed(kernel, fold).write();
    return kernel.build();
  }

  private void write() {
    AttentionShape shape = fold.attention();
    SegmentPart slots = shape.kept();
    boolean packed = slots.packing().isPresent();
    String table = packed ? "" : kernel.reads("table", ElementFormat.I32);
    String buffer = kernel.writes(packed ? "closing" : CachedPages.pages(slots), slots.format());
    PageBuffer pages =
        packed ? new PageBuffer(buffer, shape.plainPage()) : PageBuffer.of(shape, slots);
    IntExpression start =
        packed ? ZERO : kernel.let("start", PagedRows.tableStart(kernel, shape, slots));
    RowMove rows = new RowMove(kernel, shape);
    String key = kernel.tile("own_key", 1, shape.keyDim());
    String value = kernel.tile("own_value", 1, shape.valueDim());
    kernel.load(alpha, View.rows("alpha", 1, 1, ZERO, 1));
    kernel.loop(
        "mixed_slot",
        ZERO,
        IntExpression.constant(fold.fold().mixed()),
        slot -> {
          IntExpression own =
              kernel.let(
                  "own",
                  new IntExpression.BufferElement(
                          "residual", kernel.axis("head").times(fold.slotRoom()).plus(slot))
                      .plus(fold.fold().halo()));
          mix(rows.key, key, slot, own, 0, shape.keyDim());
          mix(rows.value, value, slot, own, shape.keyDim(), shape.valueDim());
          IntExpression row = kernel.let("row", slot.plus(fold.fold().verbatim()));
          IntExpression number = row.floorDivide(PAGE_ROWS);
          IntExpression page =
              packed
                  ? GatherKept.page(kernel, fold.slotRoom(), number)
                  : PagedRows.physical(kernel, shape, slots, table, start, number);
          rows.store(pages, page, row.modulo(PAGE_ROWS));
        });
  }

  private void mix(
      String tile, String own, IntExpression slot, IntExpression row, int first, int count) {
    IntExpression place = kernel.axis("head").times(fold.fold().mixed()).plus(slot);
    kernel.load(
        tile,
        View.rows("mixed", 1, count, place, fold.channels()).at(IntExpression.constant(first)));
    kernel.load(own, RestRows.row(kernel, fold, row, first, count));
    kernel.map(
        tile,
        element(alpha)
            .times(element(tile))
            .plus(constant(1).minus(element(alpha)).times(element(own))));
  }
}
