package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Mixes rows into slots (LoCoCo, Cai et al., 2024): convolution rows are the logits of an attention
 * whose keys and values are both the rows themselves. Blocks of 64 rows are taken one after the
 * other; of each the sums of the convolution, tap by tap, as products of weights with columns that
 * begin a row later, then ReLU, then the running softmax, then keys and values joined together. So
 * the matrix of weights of rows in slots never exists.
 *
 * <p>Weights lie as [slot][tap][channel]. Slots that fill no whole tile have a kernel of their own:
 * {@code first_slot} says where its slots begin. Grid: sequence, listed head, tile of mixed slots.
 */
public final class FoldRows {

  /** The dim that says which mixed slot is the first of the grid. */
  public static final String FIRST_SLOT = "first_slot";

  /** Channels of which weights are taken at once. */
  private static final int DEPTH = 64;

  /** Room for what is kept of a slot beside its rows. */
  private static final int LINE = 16;

  private static final double LOG2_E = 1 / Math.log(2);
  private static final IntExpression ZERO = IntExpression.constant(0);

  private final KernelBuilder kernel;
  private final FoldShape fold;
  private final int slots;
  private final int depth;
  private final IntExpression slot;

  private FoldRows(KernelBuilder kernel, FoldShape fold, int slots) {
    this.kernel = kernel;
    this.fold = fold;
    this.slots = slots;
    depth = ProductBlock.divisor(fold.channels(), DEPTH, 1);
    kernel.reads("rest_rows", ElementFormat.F32);
    kernel.reads("rest_columns", ElementFormat.F32);
    kernel.reads("rest_counts", ElementFormat.I32);
    kernel.reads("weight", ElementFormat.F32);
    kernel.reads("bias", ElementFormat.F32);
    kernel.writes("mixed", ElementFormat.F32);
    kernel.tile("weights", slots, depth);
    slot = kernel.let("slot", kernel.dim(FIRST_SLOT).plus(kernel.axis("slot_tile").times(slots)));
  }

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param fold the shape
   * @param slots of a tile
   */
  public static Kernel build(String name, FoldShape fold, int slots) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "slot_tile");
    new FoldRows(kernel, fold, slots).write();
    return kernel.build();
  }

  /** {@return how many slots a tile may have whose tiles take at most so many bytes} */
  public static int slotsWithin(FoldShape fold, int bytes) {
    int depth = ProductBlock.divisor(fold.channels(), DEPTH, 1);
    // Logits, their excess and their sums, then weights, then keys and values.
    int each = Float.BYTES * (3 * FoldShape.BLOCK + depth + fold.channels() + LINE);
    return Math.max(1, bytes * 3 / 4 / each);
  }

  private void write() {
    String bias = kernel.tile("bias_column", slots, 1);
    kernel.load(bias, View.rows("bias", slots, 1, slot, 1));
    OnlineSoftmax softmax = new OnlineSoftmax(kernel, fold.channels(), slots);
    softmax.start();
    IntExpression rows =
        kernel.let("rows", new IntExpression.BufferElement("rest_counts", kernel.axis("head")));
    kernel.loop(
        "block",
        ZERO,
        rows.ceilDivide(FoldShape.BLOCK),
        block -> {
          IntExpression first = kernel.let("first_row", block.times(FoldShape.BLOCK));
          softmax.attend(
              new Rows(block, bias),
              first,
              first.plus(FoldShape.BLOCK).lessOrEqual(rows),
              (row, _) -> row.less(TileExpression.uniform(rows)),
              TileExpression.uniform(ZERO));
        });
    softmax.finish();
    kernel.map(softmax.output, element(softmax.output).over(element(softmax.sum)));
    IntExpression place = kernel.axis("head").times(fold.fold().mixed()).plus(slot);
    kernel.store(
        View.rows("mixed", slots, fold.channels(), place, fold.channels()), softmax.output);
  }

  /** The rows of a block, whose logits are convolutions. */
  private final class Rows implements PageRows {
    private final IntExpression block;
    private final String bias;

    Rows(IntExpression block, String bias) {
      this.block = block;
      this.bias = bias;
    }

    @Override
    public void score(String queries, String logits) {
      int line = fold.lineElements();
      IntExpression columns = kernel.let("columns", RestRows.block(kernel, fold, block));
      kernel.map(logits, constant(0));
      kernel.loop(
          "part",
          ZERO,
          IntExpression.constant(fold.channels() / depth),
          part -> {
            IntExpression channel = kernel.let("channel", part.times(depth));
            kernel.loop(
                "tap",
                ZERO,
                IntExpression.constant(fold.fold().kernel()),
                tap -> {
                  kernel.load(
                      "weights",
                      View.rows("weight", slots, depth, slot, fold.terms())
                          .at(tap.times(fold.channels()).plus(channel)));
                  kernel.dotNN(
                      logits,
                      "weights",
                      View.rows("rest_columns", depth, FoldShape.BLOCK, columns.plus(channel), line)
                          .at(tap),
                      false);
                });
          });
      kernel.map(
          logits, element(logits).plus(element(bias)).maximum(constant(0)).times((float) LOG2_E));
    }

    @Override
    public void accumulate(String probabilities, String output, boolean guarded) {
      IntExpression first =
          kernel
              .axis("head")
              .times(fold.restRows())
              .plus(block.times(FoldShape.BLOCK))
              .plus(fold.fold().halo());
      kernel.dotNN(
          output,
          probabilities,
          View.rows("rest_rows", FoldShape.BLOCK, fold.channels(), first, fold.channels()),
          guarded);
    }
  }
}
