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
 * Lists the rows of a batch that keep their originals: as many as there is room for from {@code
 * retained_from} to {@code retained_to}, or as their list counts, those with the largest scores, of
 * equal ones the lower row; ascending in {@code chosen}, [head][room]. Scores are those of all rows
 * of the batch's pages, in which it may begin and end anywhere. Grid: sequence, head.
 */
public final class ChooseRetained {

  private static final int BLOCK = MergeBatch.BLOCK;

  private ChooseRetained() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape a merged head group
   * @param batch what is merged
   */
  public static Kernel build(String name, AttentionShape shape, MergeBatch batch) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    String scores = kernel.reads(MergeRows.SCORES, ElementFormat.F32);
    String chosen = kernel.writes("chosen", ElementFormat.I32);
    String score = kernel.tile("score", 1, BLOCK);
    batch.declare(kernel);
    if (batch.isChosen()) {
      kernel.reads(PagedRows.COUNTS, ElementFormat.I32);
    }
    IntExpression before = kernel.let("before", batch.before(kernel));
    IntExpression end = kernel.let("end", before.plus(batch.to(kernel)).minus(batch.from(kernel)));
    IntExpression choose =
        kernel.let(
            "choose",
            batch.retainedTo(kernel, shape.segments().get(1)).minus(batch.retainedFrom(kernel)));
    Consumer<Consumer<IntExpression>> blocks =
        body ->
            kernel.loop(
                "block",
                IntExpression.constant(0),
                end.ceilDivide(BLOCK),
                block -> {
                  IntExpression first = block.times(BLOCK);
                  kernel.load(
                      score,
                      View.rows(scores, 1, BLOCK, kernel.axis("head"), batch.room()).at(first));
                  kernel.map(
                      score,
                      uniform(before)
                          .lessOrEqual(number(first))
                          .and(number(first).less(uniform(end)))
                          .select(element(score), constant(-1)));
                  body.accept(first);
                });
    Threshold threshold = new Threshold(kernel, BLOCK);
    threshold.find(choose, score, blocks);
    String ties = kernel.intTile("ties", 1, 1);
    String tied = kernel.intTile("tied", 1, BLOCK);
    String rank = kernel.intTile("rank", 1, BLOCK);
    String allTied = kernel.intTile("all_tied", 1, 1);
    String kept = kernel.intTile("kept", 1, BLOCK);
    String slot = kernel.intTile("slot", 1, BLOCK);
    String all = kernel.intTile("all_kept", 1, 1);
    kernel.map(ties, uniform(choose).minus(element(threshold.above())));
    kernel.map(allTied, integer(0));
    kernel.map(all, integer(0));
    IntExpression start = kernel.let("start", kernel.axis("head").times(batch.room()));
    blocks.accept(
        first -> {
          TileExpression isTied = element(score).equalTo(element(threshold.value()));
          kernel.map(tied, isTied.select(integer(1), integer(0)));
          kernel.scan(rank, allTied, tied);
          kernel.map(
              kept,
              element(threshold.value())
                  .less(element(score))
                  .or(isTied.and(element(rank).lessOrEqual(element(ties))))
                  .select(integer(1), integer(0)));
          kernel.scan(slot, all, kept);
          kernel.map(
              slot,
              element(kept)
                  .equalTo(integer(1))
                  .select(element(slot).minus(integer(1)), integer(-1)));
          kernel.map(kept, number(first).minus(uniform(before)));
          kernel.scatter(chosen, start, slot, kept);
        });
    return kernel.build();
  }

  private static TileExpression number(IntExpression first) {
    return new TileExpression.ColumnIndex().plus(uniform(first));
  }
}
