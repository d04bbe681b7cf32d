package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.program.Beside;

/**
 * Copies the originals of the rows that {@link ChooseRetained} listed to the retained rows of both
 * layers, with their positions, and hides their directions: zeros, with norms of -1. Grid:
 * sequence, head, page of retained rows.
 */
public final class RetainRows {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private RetainRows() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape a merged head group
   * @param batch what is merged
   */
  public static Kernel build(String name, AttentionShape shape, MergeBatch batch) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    SegmentPart retained = shape.segments().get(1);
    BatchRows rows = new BatchRows(kernel, shape, batch);
    SharedRows shared = SharedRows.written(kernel, shape, batch, rows.table);
    String chosen = kernel.reads("chosen", ElementFormat.I32);
    String key = kernel.tile("no_key", 1, shape.keyDim());
    String value = kernel.tile("no_value", 1, shape.valueDim());
    String norm = kernel.tile("no_norm", 1, 1);
    kernel.map(key, constant(0));
    kernel.map(value, constant(0));
    kernel.map(norm, constant(-1));
    Target lower = new Target(kernel, shape, retained, rows, rows.lower);
    Target upper = new Target(kernel, shape, retained, rows, rows.upper);
    if (batch.isChosen()) {
      kernel.reads(PagedRows.COUNTS, ElementFormat.I32);
      kernel.reads("chosen_positions", ElementFormat.I32);
    }
    IntExpression before = batch.retainedFrom(kernel);
    IntExpression after = kernel.let("after", batch.retainedTo(kernel, retained));
    IntExpression number =
        kernel.let("number", before.floorDivide(PAGE_ROWS).plus(kernel.axis("page")));
    IntExpression first = kernel.let("first", number.times(PAGE_ROWS));
    IntExpression list = kernel.let("list", kernel.axis("head").times(batch.room()));
    kernel.loop(
        "slot",
        before.maximum(first),
        after.minimum(first.plus(PAGE_ROWS)),
        slot -> {
          IntExpression row =
              kernel.let(
                  "batch_row",
                  new IntExpression.BufferElement(chosen, list.plus(slot).minus(before)));
          rows.load(row);
          IntExpression position = batch.position(kernel, row);
          lower.store(number, slot.modulo(PAGE_ROWS), position);
          upper.store(number, slot.modulo(PAGE_ROWS), position);
          IntExpression slotOfRow = batch.isChosen() ? row : position;
          IntExpression page = kernel.let("page_of_row", slotOfRow.floorDivide(PAGE_ROWS));
          IntExpression inPage = slotOfRow.modulo(PAGE_ROWS);
          shared.store(key, value, shared.page(page), inPage);
          IntExpression norms = shared.norms(page);
          for (int i = 0; i < Beside.Norms.LISTS; i++) {
            kernel.store(NormPages.norm(norms, i, inPage), norm);
          }
        });
    return kernel.build();
  }

  /** The retained rows of one layer. */
  private static final class Target {
    private final KernelBuilder kernel;
    private final SegmentPart retained;
    private final BatchRows rows;
    private final BatchRows.Side side;
    private final PageBuffer pages;
    private final String positions;
    private final String place;

    Target(
        KernelBuilder kernel,
        AttentionShape shape,
        SegmentPart retained,
        BatchRows rows,
        BatchRows.Side side) {
      this.kernel = kernel;
      this.retained = retained;
      this.rows = rows;
      this.side = side;
      pages =
          new PageBuffer(
              kernel.writes("retained_" + side.name, retained.format()),
              PageBuffer.of(shape, retained).layout());
      positions = kernel.writes("positions_" + side.name, ElementFormat.I32);
      place = kernel.intTile(side.name + "_place", 1, 1);
    }

    void store(IntExpression number, IntExpression row, IntExpression position) {
      IntExpression page = physical("_retained_table", number);
      kernel.store(pages.keys(page).fromRow(row, 1), side.key);
      kernel.store(pages.values(page).fromRow(row, 1), side.value);
      kernel.map(place, uniform(position));
      kernel.store(
          View.rows(positions, 1, 1, physical("_positions_table", number), PAGE_ROWS).at(row),
          place);
    }

    private IntExpression physical(String start, IntExpression number) {
      IntExpression entries = kernel.dim(retained.name() + PagedRows.ENTRIES);
      IntExpression element =
          kernel.dim(side.name + start).plus(kernel.axis("head").times(entries)).plus(number);
      return kernel.let(side.name + start, new IntExpression.BufferElement(rows.table, element));
    }
  }
}
