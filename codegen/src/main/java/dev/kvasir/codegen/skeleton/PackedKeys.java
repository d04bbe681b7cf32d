package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.ArrayList;
import java.util.List;

/** The keys of packed pages, multiplied as codes; {@link PackedPages} has the formulas. */
final class PackedKeys {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private final KernelBuilder kernel;
  private final PackedLayout layout;
  private final String keyCodes;
  private final String scales;
  private final KeyScaling scaling;

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
  PackedKeys(KernelBuilder kernel, AttentionShape shape, SegmentPart segment, int rows) {
    this.kernel = kernel;
    this.layout = PackedLayout.of(shape, segment);
    QuantisedFormat key = layout.packing().key();
    keyCodes = kernel.reads(PackedLayout.keyCodes(segment), PackedLayout.codes(key));
    scales = kernel.reads(PackedLayout.scales(segment), ElementFormat.F16);
    scaling =
        switch (key.per()) {
          case CHANNEL -> new ByChannel(rows, key.group());
          case TOKEN -> new ByToken(rows, key.group());
        };
  }

  /** Prepares for queries that have just been loaded. */
  void start(String queries) {
    scaling.start(queries);
  }

  /** Writes logits [rows, 64] = queries . keys^T of one page. */
  void score(IntExpression page, String queries, String logits) {
    scaling.score(page, queries, logits);
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
