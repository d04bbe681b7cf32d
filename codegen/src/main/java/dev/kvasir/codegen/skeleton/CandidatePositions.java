package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Lists the true positions of candidates: of chosen rows from where they are kept, of the others by
 * counting. Grid: sequence, list, page of candidates.
 */
public final class CandidatePositions {

  /** The dim that says at which true position the tail begins. */
  public static final String TAIL_ORIGIN = "tail_origin";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private CandidatePositions() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param room how lists over candidates lie
   * @param listRoom elements of a list of chosen rows
   */
  public static Kernel build(String name, CandidateRoom room, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "list", "page");
    kernel.reads("positions", ElementFormat.I32);
    kernel.reads(PagedRows.COUNTS, ElementFormat.I32);
    kernel.writes("candidate_positions", ElementFormat.I32);
    String positions = kernel.intTile("page_positions", 1, PAGE_ROWS);
    String places = kernel.intTile("places", 1, PAGE_ROWS);
    IntExpression list =
        kernel.let("list", kernel.dim(PagedRows.FIRST_LIST).plus(kernel.axis("list")));
    IntExpression held =
        kernel.let("held", new IntExpression.BufferElement(PagedRows.COUNTS, list));
    IntExpression pages = kernel.let("kept_pages", held.ceilDivide(PAGE_ROWS));
    IntExpression page = kernel.axis("page");
    IntExpression start =
        kernel.let("start", kernel.axis("list").times(room.elements()).plus(CandidateRoom.GUARD));
    kernel.choose(
        page.less(pages),
        () -> {
          IntExpression row = kernel.let("row", page.times(PAGE_ROWS));
          kernel.load(positions, View.rows("positions", 1, PAGE_ROWS, list, listRoom).at(row));
          kernel.map(places, Candidates.places(row, held.minus(row)));
        },
        () -> {
          // The tail and the span follow each other without a gap.
          IntExpression row = kernel.let("row", page.minus(pages).times(PAGE_ROWS));
          kernel.map(
              positions,
              new TileExpression.ColumnIndex()
                  .plus(TileExpression.uniform(kernel.dim(TAIL_ORIGIN).plus(row))));
          kernel.map(places, Candidates.places(held.plus(row), kernel.dim("more").minus(row)));
        });
    kernel.scatter("candidate_positions", start, places, positions);
    return kernel.build();
  }
}
