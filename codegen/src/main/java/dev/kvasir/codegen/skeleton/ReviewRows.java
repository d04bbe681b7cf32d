package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * The candidates of the list that a kernel runs for: how many there are, where they lie, and which
 * of them are reviewed. Candidates ascend in position, so review rows come first.
 */
final class ReviewRows {

  private final KernelBuilder kernel;
  private final CandidateRoom room;
  private final int block;
  private final String positions;
  private final IntExpression count;

  /**
   * Declares the buffers {@code candidate_positions} and {@code counts}.
   *
   * @param block neighbouring candidates that are looked at together
   */
  ReviewRows(KernelBuilder kernel, CandidateRoom room, int block) {
    this.kernel = kernel;
    this.room = room;
    this.block = block;
    this.positions = kernel.reads("candidate_positions", ElementFormat.I32);
    String counts = kernel.reads("counts", ElementFormat.I32);
    IntExpression kept =
        new IntExpression.BufferElement(counts, kernel.dim("first_list").plus(list()));
    this.count = kernel.let("candidates", kept.plus(kernel.dim("more")));
  }

  IntExpression list() {
    return kernel.axis("list");
  }

  /** {@return number of candidates} */
  IntExpression count() {
    return count;
  }

  /** {@return the list's row of a buffer, from a candidate on} */
  View row(String buffer, IntExpression first) {
    return room.view(buffer, 1, block, list(), first);
  }

  /** Fills an i32 tile with the positions of the candidates from {@code first} on. */
  void loadPositions(String tile, IntExpression first) {
    kernel.load(tile, row(positions, first));
  }

  /** Whether the tile's candidates, the first of which is {@code first}, are any. */
  TileExpression isCandidate(IntExpression first) {
    return number(first).less(uniform(count));
  }

  /** As {@link #isCandidate}, and reviewed. */
  TileExpression isReview(String position, IntExpression first) {
    return isCandidate(first).and(element(position).less(uniform(protectedFrom())));
  }

  IntExpression protectedFrom() {
    return kernel.dim("protected_from");
  }

  /** {@return the numbers of the tile's candidates} */
  static TileExpression number(IntExpression first) {
    return new TileExpression.ColumnIndex().plus(uniform(first));
  }

  /** Whether {@link #number} is not negative. */
  static TileExpression isBehindGuard(IntExpression first) {
    return integer(0).lessOrEqual(number(first));
  }
}
