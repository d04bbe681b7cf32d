package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.type.Fold;

/**
 * What specialises the kernels of a fold, and how its scratch lies. The rows that are mixed lie one
 * after the other, keys and values of a row side by side, with {@link Fold#halo} rows of zeros
 * before and at least as many behind. For the convolution they lie once more, column by column, in
 * blocks of 64 with the rows on either side that the taps reach.
 *
 * @param attention the head group
 * @param fold how its rows are folded
 * @param candidates most rows that are folded at once
 */
public record FoldShape(AttentionShape attention, Fold fold, int candidates) {

  /** Rows that are mixed at once. */
  static final int BLOCK = SegmentPart.PAGE_ROWS;

  private static final int LINE = 16;

  /** {@return elements of a row: those of its key, then those of its value} */
  public int channels() {
    return attention.keyDim() + attention.valueDim();
  }

  /** {@return how numbers of candidates lie} */
  public CandidateRoom room() {
    return CandidateRoom.of(candidates);
  }

  /** {@return elements of a list of slots: whole pages} */
  public int slotRoom() {
    return Math.ceilDiv(fold.slots(), BLOCK) * BLOCK;
  }

  /** {@return elements that a head has in the sums of mass over steps} */
  public int massRoom() {
    return massRoom(fold);
  }

  /** {@return elements that a head has in the sums of mass over steps} */
  public static int massRoom(Fold fold) {
    // Pages of the tail begin behind the last slot.
    int tail = Math.ceilDiv(fold.block(), BLOCK) * BLOCK;
    return Math.ceilDiv(fold.slots() + tail, BLOCK) * BLOCK;
  }

  /** {@return most rows that are mixed} */
  public int mostRest() {
    return candidates - fold.verbatim();
  }

  /** {@return most blocks of rows that are mixed} */
  int blocks() {
    return Math.ceilDiv(mostRest(), BLOCK);
  }

  /** {@return elements of a column of a block, the rows on either side included} */
  public int lineElements() {
    return Math.ceilDiv(BLOCK + 2 * fold.halo(), LINE) * LINE;
  }

  /** {@return blocks of rows behind the last one of which columns hold some} */
  public int moreBlocks() {
    return Math.ceilDiv(lineElements() - BLOCK, BLOCK);
  }

  /** {@return rows that a head has in scratch} */
  int restRows() {
    return (blocks() + moreBlocks()) * BLOCK;
  }

  /** {@return elements that rows of a head take} */
  public long restElements() {
    return (long) restRows() * channels();
  }

  /** {@return elements that columns of a head take} */
  public long columnElements() {
    return (long) blocks() * channels() * lineElements();
  }

  /** {@return elements that mixed rows of a head take} */
  public long mixedElements() {
    return (long) fold.mixed() * channels();
  }

  /** {@return terms of a sum of the convolution} */
  int terms() {
    return fold.kernel() * channels();
  }

  /** {@return a short name that tells shapes apart in a plan} */
  public String text() {
    return "%s_m%dk%dn%d".formatted(attention.text(), fold.mixed(), fold.kernel(), candidates);
  }
}
