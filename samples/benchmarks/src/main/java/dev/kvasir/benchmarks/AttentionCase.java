package dev.kvasir.benchmarks;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.tile.AttentionSizes;
import dev.kvasir.codegen.tile.TargetProfile;
import dev.kvasir.codegen.tile.TileChooser;
import dev.kvasir.codegen.tile.Tiles;
import dev.kvasir.ir.type.HeadGroup;
import java.util.List;
import java.util.Map;

/**
 * The attention of one layer.
 *
 * @param queryHeads query heads, a multiple of the KV heads
 * @param kvHeads KV heads
 * @param headDim elements of a row
 * @param context rows of each KV head, whole pages
 * @param format how they are stored
 */
public record AttentionCase(
    int queryHeads, int kvHeads, int headDim, int context, RowFormat format) {

  /** Refuses contexts that rows of {@link AttentionData} do not fill evenly. */
  public AttentionCase {
    if (context % SegmentPart.PAGE_ROWS != 0
        || (context > AttentionData.PERIOD && context % AttentionData.PERIOD != 0)) {
      throw new IllegalArgumentException(
          "context must be whole pages, and above %d a multiple of it, got %d"
              .formatted(AttentionData.PERIOD, context));
    }
  }

  /** {@return rows after which the data begins again} */
  public int period() {
    return Math.min(context, AttentionData.PERIOD);
  }

  /** {@return pages of one head} */
  public int pages() {
    return context / SegmentPart.PAGE_ROWS;
  }

  /** {@return query heads that share a KV head} */
  public int group() {
    return queryHeads / kvHeads;
  }

  /** {@return the factor on q.k} */
  public double scale() {
    return 1 / Math.sqrt(headDim);
  }

  /** {@return the only segment of its cache} */
  public SegmentPart part() {
    return SegmentPart.of(new HeadGroup(List.of(0), List.of(format.segment(headDim)))).getFirst();
  }

  /** {@return what its kernels are specialised by} */
  public AttentionShape shape() {
    return new AttentionShape(
        queryHeads, kvHeads, headDim, headDim, scale(), List.of(part()), context);
  }

  /** {@return how a plan for the jvm target cuts its work} */
  Tiles tiles() {
    return tiles(TargetProfile.jvm());
  }

  /** {@return how a plan for a target with this profile cuts its work} */
  public Tiles tiles(TargetProfile profile) {
    return TileChooser.choose(
        new AttentionSizes(group(), kvHeads, headDim, headDim, context), profile, Map.of());
  }

  /** {@return multiplications and additions of q.k and p.v for one query row} */
  public double operationsOfRow() {
    return 4.0 * queryHeads * headDim * context;
  }
}
