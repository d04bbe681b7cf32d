package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.PageLayout;
import java.util.ArrayList;
import java.util.List;

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
  private final String line;
  private final List<String> minima = new ArrayList<>();
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
    private final List<String> sums = new ArrayList<>();
    private final String steps;
    private final String minima;
    private final String partial;

    ByToken(int rows, int group) {
      this.group = group;
      this.groups = layout.keyDim() / group;
      for (int g = 0; g < groups; g++) {
        sums.add(kernel.tile("query_sum_" + g, rows, 1));
      }
      steps = kernel.tile("key_steps", 1, PAGE_ROWS);
      minima = kernel.tile("key_minima", 1, PAGE_ROWS);
      partial = kernel.tile("partial", rows, PAGE_ROWS);
    }

    @Override
    public void start(String queries) {
      for (int g = 0; g < groups; g++) {
        kernel.sumColumns(TilePart.whole(sums.get(g)), new TilePart(queries, g * group, group));
      }
    }

    @Override
    public void score(IntExpression page, String queries, String logits) {
      for (int g = 0; g < groups; g++) {
        kernel.load(
            steps, layout.lines(scales, page, layout.keySteps() + g * PAGE_ROWS, 1, PAGE_ROWS));
        kernel.load(
            minima, layout.lines(scales, page, layout.keyMinima() + g * PAGE_ROWS, 1, PAGE_ROWS));
        kernel.dotNT(
            partial,
            new TilePart(queries, g * group, group),
            layout.keyChannels(keyCodes, page, g * group, group));
        TileExpression term =
            TileExpression.element(partial)
                .times(TileExpression.element(steps))
                .plus(TileExpression.element(sums.get(g)).times(TileExpression.element(minima)));
        kernel.map(logits, g == 0 ? term : TileExpression.element(logits).plus(term));
      }
    }
  }
}
