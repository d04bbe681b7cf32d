package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.PanelSizes;
import dev.kvasir.codegen.tile.TargetProfile;
import dev.kvasir.codegen.tile.Tiles;

/**
 * The constants of a plan.
 *
 * @param context most true tokens a session may hold
 * @param span most prompt rows that are prefilled at once
 * @param tiles how work is cut
 * @param profile what for
 */
public record PlanSizes(int context, int span, Tiles tiles, TargetProfile profile) {

  /** Checks ranges. */
  public PlanSizes {
    if (context < 1 || span < 1 || span > context) {
      throw new IllegalArgumentException(
          "span must be between 1 and context, got " + span + " of " + context);
    }
  }

  /** {@return the same with work cut in another way} */
  PlanSizes with(Tiles other) {
    return new PlanSizes(context, span, other, profile);
  }

  /** {@return pages that one work item of decode attention reads} */
  int pagesPerSplit() {
    return tiles.rowsPerSplit() / SegmentPart.PAGE_ROWS;
  }

  /** {@return pages of raw rows per head that a span fills} */
  int spanPages() {
    return Math.ceilDiv(span, SegmentPart.PAGE_ROWS);
  }

  /** {@return what activation buffers hold a multiple of: whole tiles of products and attention} */
  int rowPadding() {
    return Math.max(PanelSizes.TILE_ROWS, tiles.prefillTokens());
  }

  /** {@return activation rows that buffers hold} */
  int paddedSpan() {
    return Math.ceilDiv(span, rowPadding()) * rowPadding();
  }
}
