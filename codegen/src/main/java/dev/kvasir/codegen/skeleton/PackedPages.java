package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;

/**
 * Closed pages of a packed segment. Codes are multiplied as they are; steps go into the queries or
 * the logits and into the probabilities, minima into one more product (KIVI, Liu et al., 2024):
 *
 * <pre>{@code
 * per channel  q . k_r = sum_c (q_c * step_c) * code_rc + sum_c q_c * min_c
 * per token    q . k_r = sum_g (sum_c in g of q_c * code_rc) * step_rg + sum_g (sum_c in g of q_c) * min_rg
 * values       out_c  += sum_r (p_r * step_rg) * code_rc + sum_r p_r * min_rg          c in group g
 * }</pre>
 */
final class PackedPages {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private final KernelBuilder kernel;
  private final PackedLayout layout;
  private final String keyCodes;
  private final String valueCodes;
  private final String scales;
  private final KeyScaling keys;
  private final String valueSteps;
  private final String weighted;
  private final String valueMinima;

  /** Tiles and statements of one way to scale keys. */
  private interface KeyScaling {
    /** Once, when the queries are loaded. */
    void start(String queries);

    void score(IntExpression page, String queries, String logits);
  }

  /**
   * Declares buffers and tiles.
   *
   * @param rows query rows
   */
  PackedPages(KernelBuilder kernel, AttentionShape shape, SegmentPart segment, int rows) {
    this.kernel = kernel;
    this.layout = PackedLayout.of(shape, segment);
    QuantisedFormat key = layout.packing().key();
    QuantisedFormat value = layout.packing().value();
    keyCodes = kernel.reads(PackedLayout.keyCodes(segment), PackedLayout.codes(key));
    valueCodes = kernel.reads(PackedLayout.valueCodes(segment), PackedLayout.codes(value));
    scales = kernel.reads(PackedLayout.scales(segment), ElementFormat.F16);
    keys =
        switch (key.per()) {
          case CHANNEL -> new ByChannel(rows, key.group());
          case TOKEN -> new ByToken(rows, key.group());
        };
    valueSteps = kernel.tile("value_steps", 1, PAGE_ROWS);
    weighted = kernel.tile("weighted", rows, PAGE_ROWS);
    valueMinima = kernel.tile("value_minima", rows, layout.valueDim() / value.group());
  }

  /** Prepares for queries that have just been loaded. */
  void start(String queries) {
    keys.start(queries);
  }

  /** {@return one page of them} */
  PageRows page(IntExpression page) {
    return new PageRows() {
      @Override
      public void score(String queries, String logits) {
        keys.score(page, queries, logits);
      }

      // A closed page is full of finite numbers: probability 0 adds nothing by itself.
      @Override
      public void accumulate(String probabilities, String output, boolean guarded) {
        accumulateValues(page, probabilities, output);
      }
    };
  }

  private void accumulateValues(IntExpression page, String probabilities, String output) {
    int group = layout.packing().value().group();
    int groups = layout.valueDim() / group;
    for (int g = 0; g < groups; g++) {
      kernel.load(
          valueSteps,
          layout.lines(scales, page, layout.valueSteps() + g * PAGE_ROWS, 1, PAGE_ROWS));
      kernel.map(
          weighted,
          TileExpression.element(probabilities).times(TileExpression.element(valueSteps)));
      int width = Math.min(group, AttentionShape.VALUE_TILE);
      for (int first = g * group; first < (g + 1) * group; first += width) {
        kernel.dotNN(
            new TilePart(output, first, width),
            weighted,
            layout.valueChannels(valueCodes, page, first, width),
            false);
      }
    }
    kernel.dotNT(
        valueMinima,
        probabilities,
        layout.lines(scales, page, layout.valueMinima(), groups, PAGE_ROWS));
    kernel.map(
        output, TileExpression.element(output).plus(TileExpression.spread(valueMinima, group)));
  }

  /** A step for each channel and run of rows. */
  private final class ByChannel implements KeyScaling {
    private final int group;
    private final String steps;
    private final String scaled;
    private final String minima;

    ByChannel(int rows, int group) {
      this.group = group;
      steps = kernel.tile("key_steps", 1, layout.keyDim());
      scaled = kernel.tile("scaled", rows, layout.keyDim());
      minima = kernel.tile("key_minima", rows, PAGE_ROWS / group);
    }

    @Override
    public void start(String queries) {}

    @Override
    public void score(IntExpression page, String queries, String logits) {
      int dim = layout.keyDim();
      int groups = PAGE_ROWS / group;
      kernel.dotNT(minima, queries, layout.lines(scales, page, layout.keyMinima(), groups, dim));
      kernel.map(logits, TileExpression.spread(minima, group));
      for (int g = 0; g < groups; g++) {
        kernel.load(steps, layout.lines(scales, page, layout.keySteps() + g * dim, 1, dim));
        kernel.map(scaled, TileExpression.element(queries).times(TileExpression.element(steps)));
        kernel.addDotNT(
            new TilePart(logits, g * group, group),
            TilePart.whole(scaled),
            layout.keyRows(keyCodes, page, g * group, group));
      }
    }
  }

  /** A step for each row and run of channels. */
  private final class ByToken implements KeyScaling {
    private final int group;
    private final int groups;
    private final String sums;
    private final String steps;
    private final String partial;

    ByToken(int rows, int group) {
      this.group = group;
      this.groups = layout.keyDim() / group;
      sums = kernel.tile("query_sums", rows, groups);
      steps = kernel.tile("key_steps", 1, PAGE_ROWS);
      partial = kernel.tile("partial", rows, PAGE_ROWS);
    }

    @Override
    public void start(String queries) {
      kernel.map(sums, TileExpression.constant(0));
      for (int g = 0; g < groups; g++) {
        kernel.sumColumns(new TilePart(sums, g, 1), new TilePart(queries, g * group, group));
      }
    }

    @Override
    public void score(IntExpression page, String queries, String logits) {
      kernel.map(logits, TileExpression.constant(0));
      kernel.dotNN(
          logits, sums, layout.lines(scales, page, layout.keyMinima(), groups, PAGE_ROWS), false);
      for (int g = 0; g < groups; g++) {
        kernel.load(
            steps, layout.lines(scales, page, layout.keySteps() + g * PAGE_ROWS, 1, PAGE_ROWS));
        kernel.dotNT(
            partial,
            new TilePart(queries, g * group, group),
            layout.keyChannels(keyCodes, page, g * group, group));
        kernel.map(
            logits,
            TileExpression.element(logits)
                .plus(TileExpression.element(partial).times(TileExpression.element(steps))));
      }
    }
  }
}
