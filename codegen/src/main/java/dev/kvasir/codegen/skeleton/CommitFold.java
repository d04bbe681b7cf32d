package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Fold;

/**
 * Writes the true positions of the rows that a fold has left in the slots: of a verbatim row the
 * one it had, of a mixed row {@link Fold#NO_POSITION}. A verbatim row's slot is at most its number
 * among the candidates, so that positions move in place. Grid: sequence, listed head.
 */
public final class CommitFold {

  /** The dim that is 1 where the slots held the first rows of the sequence, one after the other. */
  public static final String UNFOLDED = "unfolded";

  private CommitFold() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param fold the shape
   * @param span whether a span is running
   */
  public static Kernel build(String name, FoldShape fold, boolean span) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    kernel.reads("chosen", ElementFormat.I32);
    kernel.updates("positions", ElementFormat.I32);
    kernel.writes("counts", ElementFormat.I32);
    String position = kernel.intTile("row_position", 1, 1);
    int slots = fold.fold().slots();
    IntExpression head = kernel.axis("head");
    IntExpression held = kernel.dim(PagedRows.HELD);
    IntExpression tail = kernel.dim(Candidates.TAIL_ROWS);
    IntExpression origin = kernel.dim(CandidatePositions.TAIL_ORIGIN);
    kernel.loop(
        "slot",
        IntExpression.constant(0),
        IntExpression.constant(fold.fold().verbatim()),
        slot -> {
          IntExpression candidate =
              kernel.let(
                  "candidate",
                  new IntExpression.BufferElement(
                      "chosen", head.times(fold.slotRoom()).plus(slot)));
          IntExpression later = kernel.let("later", candidate.minus(held));
          kernel.choose(
              later.less(IntExpression.constant(0)),
              () ->
                  kernel.choose(
                      kernel.dim(UNFOLDED),
                      () -> kernel.map(position, TileExpression.uniform(candidate)),
                      () -> kernel.load(position, view(head, candidate, slots))),
              () -> {
                if (span) {
                  kernel.choose(
                      later.less(tail),
                      () -> kernel.map(position, TileExpression.uniform(origin.plus(later))),
                      () ->
                          kernel.map(
                              position,
                              TileExpression.uniform(
                                  kernel.dim("position").plus(later).minus(tail))));
                } else {
                  kernel.map(position, TileExpression.uniform(origin.plus(later)));
                }
              });
          kernel.store(view(head, slot, slots), position);
        });
    kernel.map(position, TileExpression.integer(Fold.NO_POSITION));
    kernel.loop(
        "mixed_slot",
        IntExpression.constant(fold.fold().verbatim()),
        IntExpression.constant(slots),
        slot -> kernel.store(view(head, slot, slots), position));
    kernel.map(position, TileExpression.integer(slots));
    kernel.store(View.rows("counts", 1, 1, head, 1), position);
    return kernel.build();
  }

  private static View view(IntExpression head, IntExpression row, int slots) {
    return View.rows("positions", 1, 1, head, slots).at(row);
  }
}
