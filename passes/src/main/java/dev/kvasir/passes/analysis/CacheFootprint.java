package dev.kvasir.passes.analysis;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.graph.ops.SelectRowsOp;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.RowBudget;
import dev.kvasir.ir.type.Selection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.ToIntFunction;

/**
 * What the caches of one sequence occupy: pages of 64 rows, for each layer, KV head and segment,
 * page tables with a 4-byte slot for each page that a segment may ever hold, and what selections
 * remember.
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
 * <p>Selected heads also depend on the <em>mark</em>, the tokens at the last selection: the end of
 * the last span of a prompt, or a multiple of the tail's rows later. Their kept rows have the slots
 * of the {@linkplain RowBudget#slots budget} at the mark, in pages like those of a dense segment of
 * so many rows; their tail has {@code ceil((n - mark) / 64)} pages. The tables have slots for the
 * most that the budget and the tail ever hold. A layer that chooses remembers, at any length, the
 * positions of each of its lists, with room for the longest list of all layers in whole pages, a
 * 4-byte count of each, and {@code observe} query rows with their log-sum-exp in f32; layers that
 * follow it share the lists. {@link #of} takes the mark at which most is held: whatever way n
 * tokens are cut into prompt and generated ones, they occupy no more, and some way as much. (Where
 * selections of different tails meet, each at its own worst mark.)
 *
 * <p>Folded heads have pages for {@code min(n, slots)} rows and for a tail of {@code max(n - mark,
 * 0)}: the mark is the tokens at the last fold, and the number of slots before the first, which is
 * at {@code slots + block} tokens or at the end of the span that reaches them. They remember the
 * mass of each row of slots and tail in f32 and the position of each slot, at any length.
 *
 * <p>Merged heads have, with the tokens at the last merge as the mark, pages for so many shared
 * rows in the lower layer, which count once for both, and pages of four norms in f16 for each; in
 * each layer pages for the {@linkplain Merge#retained retained} rows, with pages of their
 * positions, and a tail like that of selected heads. Norms and positions have a table with as many
 * slots as that of the rows, without an open page. Where a selection chooses what merged heads
 * keep, its slots of the budget at the mark take the place of the tokens there, and the lower layer
 * has a 4-byte count of retained rows for each list.
 *
 * <p>All of it but the tails of folded heads grows with the number of tokens, however prompt and
 * generation share them, so what holds at the last token holds at every earlier one; but for
 * budgets in a shape: a pyramid takes rows from upper layers once there is something to share, and
 * steps of a share are rounded.
 *
 * @param parts by layer, then group, then head, then segment
 */
public record CacheFootprint(List<Part> parts) {
  /** Rows of a page. */
  public static final int PAGE_ROWS = QuantisedFormat.PAGE_ROWS;

  private static final int SLOT_BYTES = 4;
  private static final int SCALE_BYTES = 2;

  /** Norms of a row of a pair: of keys and values in two layers. */
  private static final long NORMS = 4;

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
   * @param stateBytes bytes of the compensation row of a ring, of norms or positions beside its
   *     pages, or of what selections remember of kept rows and folds of slots; where heads share
   *     that, it counts to the first of them
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
      long stateBytes) {
    /** {@return bytes of its pages, its page table and its state} */
    public long bytes() {
      return pages * pageBytes
          + packedPages * packedPageBytes
          + (long) slots * SLOT_BYTES
          + stateBytes;
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
   * {@return the footprint of a graph's caches, with selections at their worst}
   *
   * @param tokens true tokens in the sequence, at least 0
   * @param context the most tokens that a sequence may have, at least {@code tokens}
   */
  public static CacheFootprint of(Graph graph, int tokens, int context) {
    check(tokens, context);
    return at(graph, tokens, group -> worstMark(graph, group, tokens), context);
  }

  /**
   * {@return the footprint of a graph's caches after selections and folds at given marks}
   *
   * @param tokens true tokens in the sequence, at least 0
   * @param marks the tokens at the last selection of a group, 0 before the first, or at its last
   *     fold, its slots before the first; heads with equal tails and slots have one mark
   * @param context the most tokens that a sequence may have, at least {@code tokens}
   */
  public static CacheFootprint at(
      Graph graph, int tokens, ToIntFunction<HeadGroup> marks, int context) {
    check(tokens, context);
    List<Part> parts = new ArrayList<>();
    for (CacheType cache : caches(graph)) {
      for (HeadGroup group : cache.groups()) {
        OptionalInt mark =
            group.isSelected() || group.isFolded() || group.isMerged()
                ? OptionalInt.of(marks.applyAsInt(group))
                : OptionalInt.empty();
        addParts(graph, cache, group, tokens, mark, context, parts);
      }
    }
    return new CacheFootprint(parts);
  }

  private static void check(int tokens, int context) {
    if (tokens < 0 || tokens > context) {
      throw new IllegalArgumentException("expected 0 to " + context + " tokens, got " + tokens);
    }
  }

  private static List<CacheType> caches(Graph graph) {
    List<CacheType> caches = new ArrayList<>();
    for (Value parameter : graph.parameters()) {
      if (parameter.type() instanceof CacheType cache) {
        caches.add(cache);
      }
    }
    return caches;
  }

  /**
   * The mark at which all heads that share one with a group occupy most, of equal ones the last.
   */
  private static int worstMark(Graph graph, HeadGroup marked, int tokens) {
    int worst = tokens;
    long most = -1;
    for (int mark = lastMark(marked, tokens); mark >= firstMark(marked, tokens); mark--) {
      long bytes = 0;
      for (CacheType cache : caches(graph)) {
        for (HeadGroup group : cache.groups()) {
          if (haveOneMark(group, marked)) {
            bytes += group.heads().size() * pageBytes(cache, group, tokens, mark);
          }
        }
      }
      if (bytes > most) {
        most = bytes;
        worst = mark;
      }
    }
    return worst;
  }

  private static boolean haveOneMark(HeadGroup one, HeadGroup other) {
    return one.isSelected() == other.isSelected()
        && one.isFolded() == other.isFolded()
        && (one.isSelected() || one.isMerged() == other.isMerged())
        && one.segments().getLast().rows() == other.segments().getLast().rows()
        && (!one.isFolded() || slotRows(one) == slotRows(other));
  }

  /** Until slots and tail are full nothing is folded, and from then on a mark is beyond both. */
  private static boolean isUnfolded(HeadGroup group, int tokens) {
    return group.isFolded() && tokens < slotRows(group) + group.segments().getLast().rows();
  }

  private static int firstMark(HeadGroup group, int tokens) {
    int oldest = tokens - group.segments().getLast().rows() + 1;
    if (!group.isFolded()) {
      return Math.max(Math.min(tokens, 1), oldest);
    }
    return isUnfolded(group, tokens)
        ? slotRows(group)
        : Math.max(slotRows(group) + group.segments().getLast().rows(), oldest);
  }

  private static int lastMark(HeadGroup group, int tokens) {
    return isUnfolded(group, tokens) ? slotRows(group) : tokens;
  }

  private static int slotRows(HeadGroup group) {
    return group.segments().getFirst().rows();
  }

  private static long pageBytes(CacheType cache, HeadGroup group, int tokens, int mark) {
    long bytes = 0;
    for (CacheSegment segment : group.segments()) {
      int rows = isElsewhere(segment) ? 0 : rows(group, segment, tokens, OptionalInt.of(mark));
      bytes += besideBytes(segment, rows);
      bytes +=
          segment
              .packing()
              .map(
                  packing ->
                      rows / PAGE_ROWS * packedPageBytes(cache, packing)
                          + Math.min(rows, 1) * pageBytes(cache, segment))
              .orElseGet(() -> Math.ceilDiv(rows, PAGE_ROWS) * pageBytes(cache, segment));
    }
    return bytes;
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
    int most =
        switch (segment.kind()) {
          case DENSE -> Math.ceilDiv(context, PAGE_ROWS);
          case SINK, SLOTS, TAIL -> Math.ceilDiv(segment.rows(), PAGE_ROWS);
          case RING -> segment.ringPages();
          case KEPT, SHARED -> Math.ceilDiv(most(group, context), PAGE_ROWS);
          case RETAINED -> Math.ceilDiv(group.merge().retained(most(group, context)), PAGE_ROWS);
        };
    int all = Math.ceilDiv(context - firstPosition(group, segment), PAGE_ROWS);
    return Math.max(1, Math.min(all, most));
  }

  /** The most rows that a selection or merge leaves of the longest context. */
  private static int most(HeadGroup group, int context) {
    return group.isSelected() ? group.budget().most(context) : context;
  }

  private static int firstPosition(HeadGroup group, CacheSegment segment) {
    return segment.kind() == CacheSegment.Kind.RING ? group.sinkRows() : 0;
  }

  /**
   * How many rows a KV head of a group has ever put into a segment; of a sink its rows at most; of
   * selected and folded heads those that it holds.
   */
  private static int rows(HeadGroup group, CacheSegment segment, int tokens, OptionalInt mark) {
    return switch (segment.kind()) {
      case DENSE -> tokens;
      case SINK, SLOTS -> Math.min(tokens, segment.rows());
      case RING -> Math.max(tokens - group.sinkRows(), 0);
      case KEPT, SHARED -> left(group, mark.orElseThrow());
      case TAIL -> Math.max(tokens - mark.orElseThrow(), 0);
      case RETAINED -> group.merge().retained(left(group, mark.orElseThrow()));
    };
  }

  /** The rows that a selection or merge at a mark left, or had room for. */
  private static int left(HeadGroup group, int mark) {
    return group.isSelected() ? group.budget().slots(mark) : mark;
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

  private static void addParts(
      Graph graph,
      CacheType cache,
      HeadGroup group,
      int tokens,
      OptionalInt mark,
      int context,
      List<Part> parts) {
    for (CacheSegment segment : group.segments()) {
      int rows = isElsewhere(segment) ? 0 : rows(group, segment, tokens, mark);
      int slots = isElsewhere(segment) ? 0 : slots(group, segment, context);
      int entries = slots * (hasPagesBeside(segment) ? 2 : 1);
      boolean packed = segment.packing().isPresent() && !isElsewhere(segment);
      for (int head : group.heads()) {
        parts.add(
            new Part(
                cache.layer(),
                head,
                segment,
                packed ? Math.min(rows, 1) : Math.min(Math.ceilDiv(rows, PAGE_ROWS), slots),
                pageBytes(cache, segment),
                packed ? Math.min(rows / PAGE_ROWS, slots) : 0,
                segment.packing().map(codes -> packedPageBytes(cache, codes)).orElse(0L),
                packed ? entries + 1 : entries,
                stateBytes(graph, cache, group, segment, head, context)
                    + besideBytes(segment, rows)));
      }
    }
  }

  /** Whether another layer of a pair has the rows. */
  private static boolean isElsewhere(CacheSegment segment) {
    return segment.merge().isPresent() && segment.merge().get().side() == Merge.Side.UPPER;
  }

  private static boolean hasPagesBeside(CacheSegment segment) {
    return switch (segment.kind()) {
      case SHARED -> !isElsewhere(segment);
      case RETAINED -> true;
      case DENSE, SINK, RING, KEPT, SLOTS, TAIL -> false;
    };
  }

  /** What lies in pages beside the rows: norms of both layers, or positions. */
  private static long besideBytes(CacheSegment segment, int rows) {
    long rowBytes =
        switch (segment.kind()) {
          case SHARED -> NORMS * ElementFormat.F16.bytes();
          case RETAINED -> Integer.BYTES;
          case DENSE, SINK, RING, KEPT, SLOTS, TAIL -> 0;
        };
    return (long) Math.ceilDiv(rows, PAGE_ROWS) * PAGE_ROWS * rowBytes;
  }

  private static long stateBytes(
      Graph graph, CacheType cache, HeadGroup group, CacheSegment segment, int head, int context) {
    return switch (segment.kind()) {
      case DENSE, SINK, TAIL -> 0;
      case RETAINED -> countBytes(graph, cache, head);
      case RING -> group.compensated() ? compensationBytes(cache) : 0;
      case KEPT, SHARED -> selectionBytes(graph, cache, head, context);
      case SLOTS -> foldBytes(group);
    };
  }

  /**
   * The mass of each row of a head in f32, in pages and twice, since steps take turns; the position
   * of each slot, and how many there are.
   */
  private static long foldBytes(HeadGroup group) {
    long tail = Math.ceilDiv(group.segments().getLast().rows(), PAGE_ROWS) * (long) PAGE_ROWS;
    long rows = Math.ceilDiv(slotRows(group) + tail, PAGE_ROWS) * PAGE_ROWS;
    return 2 * rows * ElementFormat.F32.bytes() + (slotRows(group) + 1L) * Integer.BYTES;
  }

  /** What the selection of a layer remembers of a head, or of all if it is the first. */
  private static long selectionBytes(Graph graph, CacheType cache, int head, int context) {
    long bytes = 0;
    for (Node node : graph.nodes()) {
      if (node.op() instanceof SelectRowsOp op && op.cacheType().layer() == cache.layer()) {
        boolean first = head == op.group().heads().getFirst();
        if (first || op.selection().perHead()) {
          bytes += (listRoom(graph, context) + 1L) * Integer.BYTES;
        }
        if (first && !(op.selection().score() instanceof Selection.Random)) {
          bytes +=
              op.selection().observe()
                  * ((long) op.queryHeads() * cache.keyDim() + op.queryHeads())
                  * Float.BYTES;
        }
      }
    }
    return bytes;
  }

  /** How many rows of each list a pair retains, counted to its lower layer. */
  private static long countBytes(Graph graph, CacheType cache, int head) {
    long bytes = 0;
    for (Node node : graph.nodes()) {
      if (node.op() instanceof MergeRowsOp op
          && op.choice().isPresent()
          && op.lowerType().layer() == cache.layer()
          && (op.lists() > 1 || head == op.group().heads().getFirst())) {
        bytes += Integer.BYTES;
      }
    }
    return bytes;
  }

  /** Positions that a list has room for: whole pages of the longest list of the graph. */
  private static int listRoom(Graph graph, int context) {
    int most = 0;
    for (Node node : graph.nodes()) {
      if (node.op() instanceof KeepRowsOp op) {
        most = Math.max(most, op.group().budget().most(context));
      } else if (node.op() instanceof MergeRowsOp op && op.choice().isPresent()) {
        most = Math.max(most, op.group().budget().most(context));
      }
    }
    return Math.ceilDiv(most, PAGE_ROWS) * PAGE_ROWS;
  }
}
