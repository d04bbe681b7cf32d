package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.function.Consumer;

/**
 * Chooses, for each list, the {@code choose} review windows with the largest scores, ties going to
 * the lower position, and lists their rows and all rows from position {@code protected_from} on.
 * Grid: sequence, list.
 *
 * <p>Candidates and {@code scores} lie as {@link ScoreRows} says and leaves them: all rows of a
 * window have its score, 0 or at least 2^-126. The list gets {@code chosen_counts[l]} slots; slot s
 * holds candidate {@code chosen[l * keptRoom + s]}, ascending, at position {@code
 * chosen_positions[l * keptRoom + s]}.
 */
public final class ChooseRows {

  private static final int BLOCK = 2 * CandidateRoom.GUARD;
  private static final IntExpression ZERO = IntExpression.constant(0);

  private final KernelBuilder kernel;
  private final ReviewRows rows;
  private final int window;
  private final String scores;
  private final String score;
  private final String position;
  private final String before;
  private final String review;

  private ChooseRows(KernelBuilder kernel, int window, CandidateRoom room) {
    this.kernel = kernel;
    this.window = window;
    this.scores = kernel.reads("scores", ElementFormat.F32);
    this.rows = new ReviewRows(kernel, room, BLOCK);
    this.score = kernel.tile("score", 1, BLOCK);
    this.position = kernel.intTile("position", 1, BLOCK);
    this.before = window > 1 ? kernel.intTile("before", 1, BLOCK) : position;
    this.review = kernel.tile("window_score", 1, BLOCK);
  }

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param window rows that are kept or dropped together
   * @param room elements of a row of candidates, as {@link CandidateRoom} says
   * @param keptRoom slots of a list: at least those of {@code choose} windows and of all protected
   *     rows
   */
  public static Kernel build(String name, int window, int room, int keptRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "list");
    return new ChooseRows(kernel, window, new CandidateRoom(room)).write(keptRoom);
  }

  private Kernel write(int keptRoom) {
    IntExpression choose = kernel.dim("choose");
    Threshold threshold = new Threshold(kernel, BLOCK);
    threshold.find(choose, review, this::forEachBlock);
    String ties = kernel.intTile("ties", 1, 1);
    kernel.map(ties, uniform(choose).minus(element(threshold.above())));
    list(keptRoom, threshold.value(), ties);
    return kernel.build();
  }

  /** Runs the body for each block, with {@code review} holding the scores of window starts. */
  private void forEachBlock(Consumer<IntExpression> body) {
    kernel.loop(
        "block",
        ZERO,
        rows.count().ceilDivide(BLOCK),
        block -> {
          IntExpression first = block.times(BLOCK);
          kernel.load(score, rows.row(scores, first));
          rows.loadPositions(position, first);
          TileExpression counted = rows.isReview(position, first);
          if (window > 1) {
            rows.loadPositions(before, first.minus(1));
            counted = counted.and(isStart(first));
          }
          kernel.map(review, counted.select(element(score), constant(-1)));
          body.accept(first);
        });
  }

  /** Whether a candidate is the first of its window; what stands in the guard does not matter. */
  private TileExpression isStart(IntExpression first) {
    return ReviewRows.number(first)
        .equalTo(integer(0))
        .or(element(before).floorDivide(window).less(element(position).floorDivide(window)));
  }

  private void list(int keptRoom, String threshold, String ties) {
    String chosen = kernel.writes("chosen", ElementFormat.I32);
    String chosenPositions = kernel.writes("chosen_positions", ElementFormat.I32);
    String chosenCounts = kernel.writes("chosen_counts", ElementFormat.I32);
    String tied = kernel.intTile("tied", 1, BLOCK);
    String rank = kernel.intTile("rank", 1, BLOCK);
    String allTied = kernel.intTile("all_tied", 1, 1);
    String kept = kernel.intTile("kept", 1, BLOCK);
    String slot = kernel.intTile("slot", 1, BLOCK);
    String count = kernel.intTile("count", 1, 1);
    kernel.map(allTied, integer(0));
    kernel.map(count, integer(0));
    IntExpression start = kernel.let("start", rows.list().times(keptRoom));
    forEachBlock(
        first -> {
          kernel.map(
              tied, element(review).equalTo(element(threshold)).select(integer(1), integer(0)));
          kernel.scan(rank, allTied, tied);
          // The rows of a window share its score, and the rank that its first row brought.
          TileExpression chosenWindow =
              element(threshold)
                  .less(element(score))
                  .or(
                      element(threshold)
                          .equalTo(element(score))
                          .and(element(rank).lessOrEqual(element(ties))));
          TileExpression isProtected = uniform(rows.protectedFrom()).lessOrEqual(element(position));
          kernel.map(
              kept,
              rows.isCandidate(first)
                  .and(isProtected.or(chosenWindow))
                  .select(integer(1), integer(0)));
          kernel.scan(slot, count, kept);
          kernel.map(
              slot,
              element(kept)
                  .equalTo(integer(1))
                  .select(element(slot).minus(integer(1)), integer(-1)));
          kernel.map(kept, ReviewRows.number(first));
          kernel.scatter(chosen, start, slot, kept);
          kernel.scatter(chosenPositions, start, slot, position);
        });
    kernel.store(View.rows(chosenCounts, 1, 1, rows.list(), 1), count);
  }
}
