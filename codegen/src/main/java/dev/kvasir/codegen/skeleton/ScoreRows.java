package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Scores the review rows of a selection: masses are joined over pools or windows in each head, then
 * summed over the heads of a list. All rows of a window get its score. A score is 0 or at least
 * 2^-126; rows that are not reviewed get 0. Grid: sequence, list, block of {@link #BLOCK}
 * candidates; blocks behind the last candidate do nothing.
 *
 * <p>List l joins rows l * heads to (l + 1) * heads - 1 of {@code mass}; {@code
 * candidate_positions} and {@code scores} have a row for each list, all as {@link CandidateRoom}
 * says. The list has {@code counts[first_list + l] + more} candidates. Review rows are those before
 * position {@code protected_from}. Random scores take no {@code mass}, but the dim {@code salt};
 * scores by task the dim {@code task}.
 */
public final class ScoreRows {

  /** Candidates of a grid point. */
  public static final int BLOCK = 64;

  private ScoreRows() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape what a score is made of
   */
  public static Kernel build(String name, ScoreShape shape) {
    KernelBuilder kernel = new KernelBuilder(name, "list", "block");
    if (!(shape.score() instanceof ScoreShape.Random)) {
      kernel.reads(JoinedMass.MASS, ElementFormat.F32);
    }
    ReviewRows rows = new ReviewRows(kernel, shape.candidates(), BLOCK);
    String scores = kernel.writes("scores", ElementFormat.F32);
    IntExpression first = kernel.let("first", kernel.axis("block").times(BLOCK));
    kernel.when(
        first.less(rows.count()),
        () -> {
          String position = kernel.intTile("position", 1, BLOCK);
          String score = kernel.tile("score", 1, BLOCK);
          rows.loadPositions(position, first);
          switch (shape.score()) {
            case ScoreShape.Random(int seed) ->
                RandomScores.write(kernel, score, position, shape.window(), seed);
            case ScoreShape.Maximum _, ScoreShape.Average _, ScoreShape.ByTask _ ->
                new JoinedMass(kernel, shape, rows, first).write(score, position);
          }
          // Devices may take what is below for 0.
          kernel.map(
              score,
              rows.isReview(position, first)
                  .and(constant(Float.MIN_NORMAL).lessOrEqual(element(score)))
                  .select(element(score), constant(0)));
          kernel.store(rows.row(scores, first), score);
        });
    return kernel.build();
  }
}
