package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import java.util.function.Consumer;

/**
 * The n-th largest of many numbers that are 0 or normal, exactly and without a sort: the largest
 * number that at least n of them reach, and 0 where they are fewer. Such numbers have the order of
 * their bits, so a search among all of them takes 3 bits with each pass over the numbers, which
 * counts what reaches each of 7 steps.
 *
 * <p>Level 0 is 0 and level k the k-th normal number.
 */
final class Threshold {

  private static final int STEPS = 7;
  private static final int LARGEST_STEP = 1 << 28;
  private static final int PASSES = 11;
  private static final int BEFORE_NORMAL = 0x007f_ffff;
  private static final int LARGEST_LEVEL = 0x7f7f_ffff - BEFORE_NORMAL;

  private final KernelBuilder kernel;
  private final int block;
  private final String prefix;
  private final String value;
  private final String above;

  Threshold(KernelBuilder kernel, int block) {
    this(kernel, block, "");
  }

  /**
   * Declares the tiles.
   *
   * @param prefix what their names begin with, where a kernel has several
   */
  Threshold(KernelBuilder kernel, int block, String prefix) {
    this.kernel = kernel;
    this.block = block;
    this.prefix = prefix;
    this.value = kernel.tile(prefix + "threshold", 1, 1);
    this.above = kernel.intTile(prefix + "above", 1, 1);
  }

  /** {@return the tile that holds the threshold} */
  String value() {
    return value;
  }

  /** {@return the tile that holds how many numbers are larger, less than n unless n is 0} */
  String above() {
    return above;
  }

  /**
   * Finds the threshold.
   *
   * @param wanted n
   * @param numbers tile of a block of numbers; those below 0 do not count
   * @param blocks runs a body for each block of numbers
   */
  void find(IntExpression wanted, String numbers, Consumer<Consumer<IntExpression>> blocks) {
    String level = kernel.intTile(prefix + "level", 1, 1);
    String step = kernel.intTile(prefix + "step", 1, 1);
    kernel.map(level, integer(0));
    kernel.map(step, integer(LARGEST_STEP));
    String number = kernel.tile(prefix + "step_number", STEPS, 1);
    String counts = kernel.intTile(prefix + "counts_of_steps", STEPS, block);
    String count = kernel.intTile(prefix + "count_of_step", STEPS, 1);
    String digit = kernel.intTile(prefix + "digit", 1, 1);
    kernel.loop(
        "pass",
        IntExpression.constant(0),
        IntExpression.constant(PASSES),
        _ -> {
          TileExpression steps = new TileExpression.RowIndex().plus(integer(1));
          kernel.map(number, number(moved(level, steps.times(element(step)))));
          kernel.map(counts, integer(0));
          blocks.accept(
              _ ->
                  kernel.map(
                      counts,
                      element(counts)
                          .plus(
                              element(number)
                                  .lessOrEqual(element(numbers))
                                  .select(integer(1), integer(0)))));
          kernel.sumColumns(count, counts);
          kernel.map(
              count, uniform(wanted).lessOrEqual(element(count)).select(integer(1), integer(0)));
          kernel.reduce(digit, Statement.ReduceOperator.SUM, Statement.Along.ROWS, count);
          kernel.map(level, moved(level, element(digit).times(element(step))));
          kernel.map(step, element(step).floorDivide(STEPS + 1).maximum(integer(1)));
        });
    kernel.map(
        value, element(level).equalTo(integer(0)).select(constant(0), number(element(level))));
    countAbove(numbers, blocks);
  }

  /** {@return the level and so much more, at most the largest} */
  private static TileExpression moved(String level, TileExpression by) {
    return element(level).plus(by.minimum(integer(LARGEST_LEVEL).minus(element(level))));
  }

  /** {@return the number of a level above 0} */
  private static TileExpression number(TileExpression level) {
    return level.plus(integer(BEFORE_NORMAL)).fromBits();
  }

  private void countAbove(String numbers, Consumer<Consumer<IntExpression>> blocks) {
    String larger = kernel.intTile(prefix + "larger", 1, block);
    kernel.map(larger, integer(0));
    blocks.accept(
        _ ->
            kernel.map(
                larger,
                element(larger)
                    .plus(element(value).less(element(numbers)).select(integer(1), integer(0)))));
    kernel.sumColumns(above, larger);
  }
}
