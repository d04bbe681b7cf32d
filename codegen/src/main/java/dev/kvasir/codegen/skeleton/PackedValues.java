package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.PageLayout;
import java.util.ArrayList;
import java.util.List;

/** The values of packed pages, multiplied as codes; {@link PackedPages} has the formulas. */
final class PackedValues {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private final KernelBuilder kernel;
  private final PackedLayout layout;
  private final String valueCodes;
  private final String scales;
  private final String valueSteps;
  private final String weighted;
  private final String line;
  private final List<String> minima = new ArrayList<>();
  private final String valueMinima;

  /**
   * Declares buffers and tiles; {@link PackedKeys} declares the scales.
   *
   * @param rows query rows
   */
  PackedValues(KernelBuilder kernel, AttentionShape shape, SegmentPart segment, int rows) {
    this.kernel = kernel;
    this.layout = PackedLayout.of(shape, segment);
    QuantisedFormat value = layout.packing().value();
    valueCodes = kernel.reads(PackedLayout.valueCodes(segment), PackedLayout.codes(value));
    scales = PackedLayout.scales(segment);
    valueSteps = kernel.tile("value_steps", 1, PAGE_ROWS);
    weighted = kernel.tile("weighted", rows, PAGE_ROWS);
    line = kernel.tile("value_minima_line", 1, PAGE_ROWS);
    for (int g = 0; g < layout.valueDim() / value.group(); g++) {
      minima.add(kernel.tile(segment.name() + "_minima_" + g, rows, PAGE_ROWS));
    }
    valueMinima = kernel.tile(segment.name() + "_value_minima", rows, minima.size());
  }

  /** Lets the products of probabilities and minima follow the reference maximum. */
  void follow(OnlineSoftmax softmax) {
    minima.forEach(softmax::follow);
  }

  /** Adds the products of probabilities and minima to the output. */
  void finish(String output) {
    kernel.map(valueMinima, TileExpression.constant(0));
    for (int g = 0; g < minima.size(); g++) {
      kernel.sumColumns(new TilePart(valueMinima, g, 1), TilePart.whole(minima.get(g)));
    }
    kernel.map(
        output,
        TileExpression.element(output)
            .plus(TileExpression.spread(valueMinima, layout.packing().value().group())));
  }

  /** Adds probabilities [rows, 64] . values of one page to the output. */
  void accumulate(IntExpression page, String probabilities, String output) {
    int group = layout.packing().value().group();
    int groups = layout.valueDim() / group;
    for (int g = 0; g < groups; g++) {
      kernel.load(
          valueSteps,
          layout.lines(scales, page, layout.valueSteps() + g * PAGE_ROWS, 1, PAGE_ROWS));
      kernel.map(
          weighted,
          TileExpression.element(probabilities).times(TileExpression.element(valueSteps)));
      String sums = minima.get(g);
      kernel.load(
          line, layout.lines(scales, page, layout.valueMinima() + g * PAGE_ROWS, 1, PAGE_ROWS));
      kernel.map(
          sums,
          TileExpression.element(sums)
              .plus(TileExpression.element(probabilities).times(TileExpression.element(line))));
      int width = Math.min(group, PageLayout.VALUE_TILE);
      for (int first = g * group; first < (g + 1) * group; first += width) {
        kernel.dotNN(
            new TilePart(output, first, width),
            weighted,
            layout.valueChannels(valueCodes, page, first, width),
            false);
      }
    }
  }
}
