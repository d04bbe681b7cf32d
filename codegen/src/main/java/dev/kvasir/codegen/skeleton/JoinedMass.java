package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Scores from masses, for a block of candidates: each neighbour within reach is taken in turn, for
 * all candidates of the block at once, where it is reviewed and in the same pool or window. So the
 * rows of a window join the same masses in the same order.
 */
final class JoinedMass {

  /** The buffer of masses, a row for each head. */
  static final String MASS = "mass";

  /** Heads that are joined at once. */
  private static final int MOST_HEADS = 8;

  private static final IntExpression ZERO = IntExpression.constant(0);

  private final KernelBuilder kernel;
  private final ScoreShape shape;
  private final ReviewRows rows;
  private final IntExpression first;
  private final int heads;
  private final boolean byTask;
  private final String neighbour;
  private final String included;
  private final String count;
  private final String mass;

  /** The sum of what was joined so far, where it may be asked for. */
  private final Optional<String> total;

  /** The largest of what was joined so far in falling order, where they may be asked for. */
  private final List<String> largest = new ArrayList<>();

  /**
   * Declares the tiles.
   *
   * @param first the block's first candidate
   */
  JoinedMass(KernelBuilder kernel, ScoreShape shape, ReviewRows rows, IntExpression first) {
    this.kernel = kernel;
    this.shape = shape;
    this.rows = rows;
    this.first = first;
    this.heads = headsAtOnce(shape.heads());
    this.byTask = shape.score() instanceof ScoreShape.ByTask;
    this.neighbour = kernel.intTile("neighbour", 1, ScoreRows.BLOCK);
    this.included = kernel.intTile("included", 1, ScoreRows.BLOCK);
    this.count = kernel.intTile("count", 1, ScoreRows.BLOCK);
    this.mass = kernel.tile("head_mass", heads, ScoreRows.BLOCK);
    boolean average = shape.score() instanceof ScoreShape.Average;
    this.total =
        average || byTask
            ? Optional.of(kernel.tile("total", heads, ScoreRows.BLOCK))
            : Optional.empty();
    int number = shape.window() > 1 ? ScoreShape.Maximum.LARGEST : 1;
    for (int i = 0; i < (average ? 0 : number); i++) {
      largest.add(kernel.tile("largest_" + i, heads, ScoreRows.BLOCK));
    }
  }

  private static int headsAtOnce(int all) {
    int heads = Math.min(MOST_HEADS, all);
    while (all % heads != 0) {
      heads--;
    }
    return heads;
  }

  /** Fills {@code score} for the candidates at {@code position}. */
  void write(String score, String position) {
    String windowStart = kernel.intTile("window_start", 1, ScoreRows.BLOCK);
    String sum = kernel.tile("sum_of_heads", 1, ScoreRows.BLOCK);
    kernel.map(windowStart, element(position).minus(element(position).modulo(shape.window())));
    kernel.map(score, constant(0));
    kernel.loop(
        "part",
        ZERO,
        IntExpression.constant(shape.heads() / heads),
        part -> {
          IntExpression row = rows.list().times(shape.heads()).plus(part.times(heads));
          total.ifPresent(tile -> kernel.map(tile, constant(0)));
          largest.forEach(tile -> kernel.map(tile, constant(0)));
          kernel.map(count, integer(0));
          int reach = shape.reach();
          kernel.loop(
              "shift",
              IntExpression.constant(-reach),
              IntExpression.constant(reach + 1),
              shift -> join(row, shift, windowStart));
          String result = total.orElseGet(largest::getFirst);
          kernel.map(result, result());
          kernel.reduce(sum, Statement.ReduceOperator.SUM, Statement.Along.ROWS, result);
          kernel.map(score, element(score).plus(element(sum)));
        });
  }

  private void join(IntExpression row, IntExpression shift, String windowStart) {
    IntExpression from = first.plus(shift);
    rows.loadPositions(neighbour, from);
    TileExpression reviewed = ReviewRows.isBehindGuard(from).and(rows.isReview(neighbour, from));
    TileExpression together =
        shape.window() == 1 ? reviewed : reviewed.and(sameWindow(windowStart));
    kernel.map(included, together.select(integer(1), integer(0)));
    kernel.map(count, element(count).plus(element(included)));
    kernel.load(mass, shape.candidates().view(MASS, heads, ScoreRows.BLOCK, row, from));
    // Whatever stands in guards, NaN too, ends here.
    kernel.map(mass, element(included).equalTo(integer(1)).select(element(mass), constant(0)));
    total.ifPresent(tile -> kernel.map(tile, element(tile).plus(element(mass))));
    for (int i = largest.size() - 1; i >= 0; i--) {
      TileExpression moved =
          i == 0 ? element(mass) : element(largest.get(i - 1)).minimum(element(mass));
      kernel.map(largest.get(i), element(largest.get(i)).maximum(moved));
    }
  }

  private TileExpression sameWindow(String start) {
    TileExpression end = element(start).plus(integer(shape.window()));
    return element(start).lessOrEqual(element(neighbour)).and(element(neighbour).less(end));
  }

  /** {@return the score in each head; candidates that are not reviewed may join nothing} */
  private TileExpression result() {
    TileExpression number = element(count).maximum(integer(1));
    Optional<TileExpression> mean = total.map(tile -> element(tile).over(number.toFloat()));
    if (largest.isEmpty()) {
      return mean.orElseThrow();
    }
    TileExpression most = element(largest.getFirst());
    for (String tile : largest.subList(1, largest.size())) {
      most = most.plus(element(tile));
    }
    TileExpression best =
        largest.size() == 1 ? most : most.over(number.minimum(integer(largest.size())).toFloat());
    return byTask
        ? uniform(kernel.dim(ScoreShape.TASK)).equalTo(integer(0)).select(best, mean.orElseThrow())
        : best;
  }
}
