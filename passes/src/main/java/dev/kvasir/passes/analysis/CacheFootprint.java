package dev.kvasir.passes.analysis;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the caches of one sequence occupy: pages of 64 rows, for each layer, KV head and segment,
 * and page tables with a 4-byte slot for each page that a segment may ever hold.
 *
 * <p>At n tokens a dense segment has got R = n rows, a ring R = max(n - sink, 0). Without a packing
 * a dense segment holds {@code ceil(R / 64)} pages; a sink {@code min(ceil(n / 64), ceil(sink /
 * 64))}; a ring {@code min(ceil(R / 64), ceil(recent / 64) + 1)}. The slots of its table are the
 * pages at the longest context.
 *
 * <p>With a packing it holds {@code min(floor(R / 64), slots)} packed pages, and from its first row
 * on one open page in its element format. Slots are {@code ceil(context / 64)} of a dense segment,
 * {@code ceil((recent - 1) / 64)} of a ring, at least 1 and at most the pages of the context; the
 * table has one more for the open page.
 *
 * <p>A compensation row is a mean key and a mean value in f32, there from the start; it counts to
 * the ring that it belongs to.
 *
 * <p>All of it is a function of the number of tokens and grows with it, so what holds at the last
 * token holds at every earlier one, however prompt and generation share them.
 *
 * @param parts by layer, then group, then head, then segment
 */
public record CacheFootprint(List<Part> parts) {
  /** Rows of a page. */
  public static final int PAGE_ROWS = QuantisedFormat.PAGE_ROWS;

  private static final int SLOT_BYTES = 4;
  private static final int SCALE_BYTES = 2;

  /** Codes come in blocks of 16 ints. */
  private static final int BLOCK_BITS = 512;

  /** Copies the parts. */
  public CacheFootprint {
    parts = List.copyOf(parts);
  }

  /**
   * One segment of one KV head.
   *
   * @param layer decoder layer
   * @param kvHead KV head within the layer
   * @param segment which rows it holds and how
   * @param pages pages that it holds in its element format; with a packing its open page
   * @param pageBytes bytes of such a page, keys and values
   * @param packedPages packed pages that it holds
   * @param packedPageBytes bytes of a packed page: codes, steps and minima; 0 without a packing
   * @param slots entries of its page table
   * @param rowBytes bytes of the compensation row, 0 without one
   */
  public record Part(
      int layer,
      int kvHead,
      CacheSegment segment,
      int pages,
      long pageBytes,
      int packedPages,
      long packedPageBytes,
      int slots,
      long rowBytes) {
    /** {@return bytes of its pages, its page table and its compensation row} */
    public long bytes() {
      return pages * pageBytes
          + packedPages * packedPageBytes
          + (long) slots * SLOT_BYTES
          + rowBytes;
    }
  }

  /**
   * One segment of one layer, all heads that have it.
   *
   * @param layer decoder layer
   * @param segment the segment's name
   * @param bytes of all its heads together
   */
  public record Share(int layer, String segment, long bytes) {
    /** The share as messages name it, for example {@code layer 0 dense}. */
    @Override
    public String toString() {
      return "layer " + layer + " " + segment;
    }
  }

  /**
   * {@return the footprint of a graph's caches}
   *
   * @param tokens true tokens in the sequence, at least 0
   * @param context the most tokens that a sequence may have, at least {@code tokens}
   */
  public static CacheFootprint of(Graph graph, int tokens, int context) {
    if (tokens < 0 || tokens > context) {
      throw new IllegalArgumentException("expected 0 to " + context + " tokens, got " + tokens);
    }
    List<Part> parts = new ArrayList<>();
    for (Value parameter : graph.parameters()) {
      if (parameter.type() instanceof CacheType cache) {
        addParts(cache, tokens, context, parts);
      }
    }
    return new CacheFootprint(parts);
  }

  /** {@return the bytes of a page of a segment in its element format} */
  public static long pageBytes(CacheType cache, CacheSegment segment) {
    return (long) PAGE_ROWS * (cache.keyDim() + cache.valueDim()) * segment.format().bytes();
  }

  /** {@return the bytes of a packed page: codes, then an f16 step and minimum for each group} */
  public static long packedPageBytes(CacheType cache, Packing packing) {
    return codedBytes(packing.key(), cache.keyDim())
        + codedBytes(packing.value(), cache.valueDim());
  }

  /** {@return the bytes of the compensation row of one KV head} */
  public static long compensationBytes(CacheType cache) {
    return (long) (cache.keyDim() + cache.valueDim()) * ElementFormat.F32.bytes();
  }

  private static long codedBytes(QuantisedFormat format, int headDim) {
    int blocks = Math.ceilDiv(PAGE_ROWS * headDim * format.bits(), BLOCK_BITS);
    return (long) blocks * BLOCK_BITS / Byte.SIZE + 2L * format.groupsOfPage(headDim) * SCALE_BYTES;
  }

  /**
   * {@return how many pages of one KV head of a group a segment's page table has entries for, the
   * open page of a packed segment not counted}
   *
   * @param context the most tokens that a sequence may have
   */
  public static int slots(HeadGroup group, CacheSegment segment, int context) {
    int all = Math.ceilDiv(rows(group, segment, context), PAGE_ROWS);
    int most =
        switch (segment.kind()) {
          case DENSE, SINK -> all;
          case RING -> segment.ringPages();
        };
    return Math.max(1, Math.min(all, most));
  }

  /**
   * How many rows a KV head of a group has ever put into a segment; of a sink, its rows at most.
   */
  private static int rows(HeadGroup group, CacheSegment segment, int tokens) {
    return switch (segment.kind()) {
      case DENSE -> tokens;
      case SINK -> Math.min(tokens, segment.rows());
      case RING -> Math.max(tokens - group.sinkRows(), 0);
    };
  }

  /** {@return bytes of everything} */
  public long bytes() {
    return parts.stream().mapToLong(Part::bytes).sum();
  }

  /** {@return bytes of one layer} */
  public long bytesOfLayer(int layer) {
    return parts.stream().filter(part -> part.layer() == layer).mapToLong(Part::bytes).sum();
  }

  /** {@return segments with all their heads, by layer and in the order of the cache} */
  public List<Share> shares() {
    Map<String, Share> shares = new LinkedHashMap<>();
    for (Part part : parts) {
      Share share = new Share(part.layer(), part.segment().name(), part.bytes());
      shares.merge(
          share.toString(),
          share,
          (one, two) -> new Share(one.layer(), one.segment(), one.bytes() + two.bytes()));
    }
    return List.copyOf(shares.values());
  }

  /**
   * {@return the largest share, of equal ones the first}
   *
   * @throws IllegalStateException when there are no caches
   */
  public Share dominant() {
    return shares().stream()
        .reduce((one, two) -> two.bytes() > one.bytes() ? two : one)
        .orElseThrow(() -> new IllegalStateException("a graph without caches"));
  }

  private static void addParts(CacheType cache, int tokens, int context, List<Part> parts) {
    for (HeadGroup group : cache.groups()) {
      for (int head : group.heads()) {
        for (CacheSegment segment : group.segments()) {
          int rows = rows(group, segment, tokens);
          int slots = slots(group, segment, context);
          long rowBytes =
              group.compensated() && segment.kind() == CacheSegment.Kind.RING
                  ? compensationBytes(cache)
                  : 0;
          parts.add(
              segment
                  .packing()
                  .map(packing -> packedPart(cache, head, segment, packing, rows, slots, rowBytes))
                  .orElseGet(
                      () ->
                          new Part(
                              cache.layer(),
                              head,
                              segment,
                              Math.min(Math.ceilDiv(rows, PAGE_ROWS), slots),
                              pageBytes(cache, segment),
                              0,
                              0,
                              slots,
                              rowBytes)));
        }
      }
    }
  }

  private static Part packedPart(
      CacheType cache,
      int head,
      CacheSegment segment,
      Packing packing,
      int rows,
      int slots,
      long rowBytes) {
    return new Part(
        cache.layer(),
        head,
        segment,
        Math.min(rows, 1),
        pageBytes(cache, segment),
        Math.min(rows / PAGE_ROWS, slots),
        packedPageBytes(cache, packing),
        slots + 1,
        rowBytes);
  }
}
