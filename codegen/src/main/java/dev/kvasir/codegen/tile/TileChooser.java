package dev.kvasir.codegen.tile;

import dev.kvasir.plans.PageLayout;
import java.util.Map;

/** Chooses how work is cut: pure functions of shapes and a target's profile. */
public final class TileChooser {

  /**
   * Most rows of a span when the caller does not say. A span's working memory grows with it: the
   * hidden states of a context of 131,072 would take gigabytes.
   */
  private static final int MOST_SPAN = 4096;

  private static final int LEAST_SPLIT_ROWS = 256;
  private static final int MOST_SPLIT_ROWS = 1024;

  // One to finish last by, and more to even out points of unequal cost.
  private static final int POINTS_PER_THREAD = 4;

  private static final int MOST_QUERY_ROWS = 64;
  private static final int MOST_TOKENS = 16;

  /** Tiles of prefill attention that have a number for each query row and row of a page. */
  private static final int PREFILL_TILES = 3;

  // Of the second-level cache: 512 KiB of weights in 16 bits, read in some tens of microseconds.
  private static final int VECTOR_SHARE = 4;

  /** Of local memory: such kernels have three tiles of one shape, and some of a row. */
  private static final int ROW_TILES = 4;

  private TileChooser() {}

  /**
   * {@return the sizes of a plan}
   *
   * @param overrides sizes that are given and not chosen
   * @throws IllegalArgumentException when a size does not accept the value that is given for it
   */
  public static Tiles choose(
      AttentionSizes sizes, TargetProfile profile, Map<TileSize, Integer> overrides) {
    Tiles tiles =
        new Tiles(
            rowsPerSplit(sizes, profile), prefillTokens(sizes, profile), vectorWeights(profile));
    for (Map.Entry<TileSize, Integer> override : overrides.entrySet()) {
      tiles = tiles.with(override.getKey(), override.getValue());
    }
    return tiles;
  }

  /** {@return most prompt rows that are prefilled at once in a plan for {@code context} tokens} */
  public static int span(int context) {
    return Math.min(context, MOST_SPAN);
  }

  /**
   * {@return weights that one work item of a product of one row with a matrix should read: reading
   * fewer takes less than some microseconds, more evens out badly}
   *
   * @param matrix weights of the matrix
   * @param most {@link Tiles#vectorWeights}
   */
  public static int vectorWeights(long matrix, TargetProfile profile, int most) {
    long share = matrix / ((long) POINTS_PER_THREAD * profile.threads());
    return Math.clamp(share, most / 2, most);
  }

  /** {@return most weights of a work item of a product of one row, where none are given} */
  public static int vectorWeights(TargetProfile profile) {
    return profile.cacheBytes() / VECTOR_SHARE;
  }

  /** {@return most elements of a tile of a kernel that takes activations a row at a time} */
  public static int rowElements(TargetProfile profile) {
    return profile.localBytes().isEmpty()
        ? Integer.MAX_VALUE
        : profile.localBytes().getAsInt() / (ROW_TILES * Float.BYTES);
  }

  /**
   * The most rows of which a full cache gives every thread some points, up to {@value
   * #MOST_SPLIT_ROWS}: a split costs a pass over its queries, and a partial output that is written
   * and read again, as much as reading some rows.
   */
  private static int rowsPerSplit(AttentionSizes sizes, TargetProfile profile) {
    long points = (long) POINTS_PER_THREAD * profile.threads();
    int rows = MOST_SPLIT_ROWS;
    while (rows > LEAST_SPLIT_ROWS
        && (long) sizes.kvHeads() * Math.ceilDiv(sizes.context(), rows) < points) {
      rows /= 2;
    }
    return rows;
  }

  /**
   * The most rows, a power of two, whose queries, scores and outputs together with a page of keys
   * and values take no more than half of the second-level cache. Where tiles lie in local memory,
   * whose tiles fit there; pages are read from where they lie then.
   */
  private static int prefillTokens(AttentionSizes sizes, TargetProfile profile) {
    long dims = (long) sizes.keyDim() + sizes.valueDim();
    long fitting;
    if (profile.localBytes().isPresent()) {
      long row = Float.BYTES * (dims + PREFILL_TILES * PageLayout.ROWS);
      fitting = profile.localBytes().getAsInt() / row;
    } else {
      long row = Float.BYTES * (dims + PageLayout.ROWS);
      long page = Float.BYTES * PageLayout.ROWS * dims;
      fitting = (profile.cacheBytes() / 2 - page) / row;
    }
    long rows = Math.min(MOST_QUERY_ROWS, fitting);
    return Integer.highestOneBit((int) Math.clamp(rows / sizes.group(), 1L, MOST_TOKENS));
  }
}
