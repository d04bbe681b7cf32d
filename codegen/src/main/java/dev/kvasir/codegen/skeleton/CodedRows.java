package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.PageLayout;

/** The rows of closed pages, decoded: step * code + minimum. */
final class CodedRows {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** Rows that are decoded together: no fewer share a step, and runs of codes are as long. */
  static final int BLOCK_ROWS = QuantisedFormat.MINIMUM_GROUP;

  private final KernelBuilder kernel;
  private final PackedLayout layout;
  private final Side keys;
  private final Side values;
  private final String scales;

  /** What is done with each block of rows. */
  interface Visitor {
    /**
     * Takes decoded rows.
     *
     * @param first number of the first within its page
     * @param keys a tile of {@link #BLOCK_ROWS} keys
     * @param values a tile of as many values
     */
    void visit(IntExpression first, String keys, String values);
  }

  /** Keys or values: their codes, their steps and minima, and tiles of a block of them. */
  private final class Side {
    private final QuantisedFormat format;
    private final int dim;
    private final String codes;
    private final String rows;
    private final String steps;
    private final String minima;
    private final int firstStep;
    private final int firstMinimum;

    Side(String name, QuantisedFormat format, int dim, String codes, int firstStep, int minimum) {
      this.format = format;
      this.dim = dim;
      this.codes = kernel.reads(codes, PackedLayout.codes(format));
      this.firstStep = firstStep;
      this.firstMinimum = minimum;
      rows = kernel.tile(name + "_rows", BLOCK_ROWS, dim);
      steps = scales(name + "_steps");
      minima = scales(name + "_minima");
    }

    private String scales(String name) {
      return switch (format.per()) {
        case CHANNEL -> kernel.tile(name, 1, dim);
        case TOKEN -> kernel.tile(name, BLOCK_ROWS, dim / format.group());
      };
    }

    /** Decodes the block of rows from {@code first} on. */
    void decode(View block, IntExpression page, IntExpression first) {
      kernel.load(rows, block);
      kernel.load(steps, line(page, firstStep, first));
      kernel.load(minima, line(page, firstMinimum, first));
      kernel.map(rows, TileExpression.element(rows).times(scale(steps)).plus(scale(minima)));
    }

    private TileExpression scale(String tile) {
      return switch (format.per()) {
        case CHANNEL -> TileExpression.element(tile);
        case TOKEN -> TileExpression.spread(tile, format.group());
      };
    }

    /** A list has a line for each group of rows per channel, one for each of channels per token. */
    private View line(IntExpression page, int list, IntExpression first) {
      return switch (format.per()) {
        case CHANNEL ->
            layout
                .lines(scales, page, list, 1, dim)
                .at(first.floorDivide(format.group()).times(dim).plus(list));
        case TOKEN ->
            new View(
                scales,
                new View.Layout.Columns(PAGE_ROWS),
                BLOCK_ROWS,
                dim / format.group(),
                page,
                layout.scaleElements(),
                IntExpression.constant(list),
                first);
      };
    }
  }

  /** Declares buffers and tiles. */
  CodedRows(KernelBuilder kernel, AttentionShape shape, SegmentPart segment) {
    this.kernel = kernel;
    this.layout = PackedLayout.of(shape, segment);
    scales = kernel.reads(PackedLayout.scales(segment), ElementFormat.F16);
    keys =
        new Side(
            "key",
            layout.packing().key(),
            layout.keyDim(),
            PackedLayout.keyCodes(segment),
            layout.keySteps(),
            layout.keyMinima());
    values =
        new Side(
            "value",
            layout.packing().value(),
            layout.valueDim(),
            PackedLayout.valueCodes(segment),
            layout.valueSteps(),
            layout.valueMinima());
  }

  /** Visits all rows of a page, block by block. */
  void each(IntExpression page, Visitor visitor) {
    kernel.loop(
        "block",
        IntExpression.constant(0),
        IntExpression.constant(PAGE_ROWS / BLOCK_ROWS),
        block -> {
          IntExpression first = block.times(BLOCK_ROWS);
          View keyBlock =
              layout.keyChannels(keys.codes, page, 0, keys.dim).fromRow(first, BLOCK_ROWS);
          keys.decode(keyBlock, page, first);
          values.decode(valueBlock(page, first), page, first);
          visitor.visit(first, keys.rows, values.rows);
        });
  }

  private View valueBlock(IntExpression page, IntExpression first) {
    PageLayout codes = PageLayout.codes(values.format.bits(), layout.keyDim(), values.dim);
    int strip = codes.valueStrip();
    return new View(
        values.codes,
        new View.Layout.Tiles(strip, codes.valueTile(), values.dim),
        BLOCK_ROWS,
        values.dim,
        page,
        layout.valueElements(),
        first.floorDivide(strip).times(strip * values.dim),
        first.modulo(strip));
  }
}
