package dev.kvasir.passes.analysis;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the caches of one sequence occupy: pages of 64 rows, for each layer, KV head and segment,
 * and page tables with a 4-byte slot for each page that a segment may ever hold.
 *
 * <p>At n tokens a dense segment holds {@code ceil(n / 64)} pages; a sink {@code min(ceil(n / 64),
 * ceil(sink / 64))}; a ring {@code min(ceil(max(n - sink, 0) / 64), ceil(recent / 64) + 1)}. Slots
 * are the pages at the longest context. Both grow with the number of tokens, so what holds at the
 * last token holds at every earlier one, however prompt and generation share them.
 *
 * @param parts by layer, then group, then head, then segment
 */
public record CacheFootprint(List<Part> parts) {
  /** Rows of a page. */
  public static final int PAGE_ROWS = 64;

  private static final int SLOT_BYTES = 4;

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
   * @param pages pages that it holds
   * @param slots pages that it may hold
   * @param pageBytes bytes of a page, keys and values
   */
  public record Part(
      int layer, int kvHead, CacheSegment segment, int pages, int slots, long pageBytes) {
    /** {@return bytes of its pages and its page table} */
    public long bytes() {
      return pages * pageBytes + (long) slots * SLOT_BYTES;
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

  /** {@return the bytes of a page of a segment} */
  public static long pageBytes(CacheType cache, CacheSegment segment) {
    return (long) PAGE_ROWS * (cache.keyDim() + cache.valueDim()) * segment.format().bytes();
  }

  /** {@return how many pages one KV head of a group holds in a segment at {@code tokens}} */
  public static int pages(HeadGroup group, CacheSegment segment, int tokens) {
    int all = Math.ceilDiv(tokens, PAGE_ROWS);
    return switch (segment.kind()) {
      case DENSE -> all;
      case SINK -> Math.min(all, Math.ceilDiv(segment.rows(), PAGE_ROWS));
      case RING ->
          Math.min(
              Math.ceilDiv(Math.max(tokens - group.sinkRows(), 0), PAGE_ROWS),
              Math.ceilDiv(segment.rows(), PAGE_ROWS) + 1);
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
          parts.add(
              new Part(
                  cache.layer(),
                  head,
                  segment,
                  pages(group, segment, tokens),
                  Math.max(1, pages(group, segment, context)),
                  pageBytes(cache, segment)));
        }
      }
    }
  }
}
