package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/** Collects the rows that a fold mixes, from wherever they lie, as {@link FoldShape} says. */
public final class RestRows {

  private static final int BLOCK = FoldShape.BLOCK;

  /** Channels that are turned at once. */
  private static final int CHANNELS = 64;

  private RestRows() {}

  /**
   * {@return the kernel that lists rows one after the other, keys and values side by side, with
   * zeros before and behind; grid: sequence, listed head, block of rows}
   *
   * @param name its name in the plan
   * @param fold the shape
   * @param source where candidates are read from
   */
  public static Kernel gather(String name, FoldShape fold, Candidates.Source source) {
    AttentionShape shape = fold.attention();
    KernelBuilder kernel = new KernelBuilder(name, "head", "block");
    ChosenRows rest =
        new ChosenRows(kernel, shape, source, fold.room().elements(), fold.slotRoom(), false);
    kernel.writes("rest_rows", ElementFormat.F32);
    String zeros = kernel.tile("zeros", 1, fold.channels());
    kernel.map(zeros, TileExpression.constant(0));
    int halo = fold.fold().halo();
    IntExpression first = kernel.let("first", kernel.axis("block").times(BLOCK));
    IntExpression end = kernel.let("end", first.plus(BLOCK));
    rest.each(
        first.minus(halo).maximum(IntExpression.constant(0)),
        end.minus(halo).minimum(rest.count),
        (rows, row) -> {
          kernel.store(row(kernel, fold, row.plus(halo), 0, shape.keyDim()), rows.key);
          kernel.store(
              row(kernel, fold, row.plus(halo), shape.keyDim(), shape.valueDim()), rows.value);
        });
    kernel.loop(
        "before",
        first,
        end.minimum(IntExpression.constant(halo)),
        row -> kernel.store(row(kernel, fold, row, 0, fold.channels()), zeros));
    kernel.loop(
        "behind",
        first.maximum(rest.count.plus(halo)),
        end,
        row -> kernel.store(row(kernel, fold, row, 0, fold.channels()), zeros));
    return kernel.build();
  }

  /** {@return channels of one row of scratch} */
  static View row(
      KernelBuilder kernel, FoldShape fold, IntExpression row, int channel, int channels) {
    IntExpression place = kernel.axis("head").times(fold.restRows()).plus(row);
    return View.rows("rest_rows", 1, channels, place, fold.channels())
        .at(IntExpression.constant(channel));
  }

  /**
   * {@return the kernel that lays rows out column by column; grid: sequence, listed head, block of
   * rows}
   *
   * @param name its name in the plan
   * @param fold the shape
   */
  public static Kernel columns(String name, FoldShape fold) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "block");
    kernel.reads("rest_rows", ElementFormat.F32);
    kernel.writes("rest_columns", ElementFormat.F32);
    int channels = ProductBlock.divisor(fold.channels(), CHANNELS, 1);
    int line = fold.lineElements();
    String columns = kernel.tile("columns", channels, line);
    IntExpression zero = IntExpression.constant(0);
    IntExpression row =
        kernel.let(
            "row",
            kernel.axis("head").times(fold.restRows()).plus(kernel.axis("block").times(BLOCK)));
    IntExpression block = kernel.let("place", block(kernel, fold, kernel.axis("block")));
    kernel.loop(
        "part",
        zero,
        IntExpression.constant(fold.channels() / channels),
        part -> {
          IntExpression channel = part.times(channels);
          kernel.load(
              columns,
              new View(
                  "rest_rows",
                  new View.Layout.Columns(fold.channels()),
                  channels,
                  line,
                  row,
                  fold.channels(),
                  channel,
                  zero));
          kernel.store(
              View.rows("rest_columns", channels, line, block.plus(channel), line), columns);
        });
    return kernel.build();
  }

  /** {@return the first column of a block, counted in columns} */
  static IntExpression block(KernelBuilder kernel, FoldShape fold, IntExpression block) {
    return kernel.axis("head").times(fold.blocks()).plus(block).times(fold.channels());
  }
}
