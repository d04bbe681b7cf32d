package dev.kvasir.ir.type;

import java.util.List;
import java.util.stream.Collectors;

/**
 * KV heads of one layer that keep their rows in the same way. Each row of such a head lies in
 * exactly one of the segments.
 *
 * <p>Text: {@code [0, 1]: sink bf16 rows 4 + ring bf16 rows 64 + compensation}.
 *
 * @param heads KV heads, ascending
 * @param segments one dense segment, or a ring with a sink before it or without, or kept rows or
 *     slots and their tail, or shared rows, the retained ones among them and their tail; with a
 *     tail without a window
 * @param compensated whether each head has a compensation row (RazorAttention, Tang et al., 2024):
 *     the mean of the keys and the mean of the values of all rows in pages that its ring dropped,
 *     which every query sees and which weighs as much as so many rows; only with a ring and without
 *     a window of the model's own
 */
public record HeadGroup(List<Integer> heads, List<CacheSegment> segments, boolean compensated) {
  /** The word for the compensation row, which no segment is named. */
  public static final String COMPENSATION = "compensation";

  private static final List<CacheSegment.Kind> MERGED =
      List.of(CacheSegment.Kind.SHARED, CacheSegment.Kind.RETAINED, CacheSegment.Kind.TAIL);

  /** Copies the lists and refuses segments that cannot stand together. */
  public HeadGroup {
    heads = List.copyOf(heads);
    segments = List.copyOf(segments);
    if (heads.isEmpty() || !heads.equals(heads.stream().sorted().distinct().toList())) {
      throw new IllegalArgumentException("heads must be ascending and not empty, got " + heads);
    }
    List<CacheSegment.Kind> kinds = segments.stream().map(CacheSegment::kind).toList();
    if (!kinds.equals(List.of(CacheSegment.Kind.DENSE))
        && !kinds.equals(List.of(CacheSegment.Kind.RING))
        && !kinds.equals(List.of(CacheSegment.Kind.SINK, CacheSegment.Kind.RING))
        && !kinds.equals(List.of(CacheSegment.Kind.KEPT, CacheSegment.Kind.TAIL))
        && !kinds.equals(List.of(CacheSegment.Kind.SLOTS, CacheSegment.Kind.TAIL))
        && !kinds.equals(MERGED)) {
      throw new IllegalArgumentException(
          "segments must be dense, or ring, or sink and ring, or kept or slots and tail, or"
              + " shared, retained and tail, got "
              + kinds.stream().map(CacheSegment.Kind::text).toList());
    }
    if (segments.stream().anyMatch(segment -> segment.name().equals(COMPENSATION))) {
      throw new IllegalArgumentException("no segment is named " + COMPENSATION);
    }
    if (compensated
        && (segments.getLast().kind() != CacheSegment.Kind.RING
            || segments.getLast().window().isPresent())) {
      throw new IllegalArgumentException("a compensation row stands beside a ring without window");
    }
    if (kinds.contains(CacheSegment.Kind.TAIL)
        && segments.stream().anyMatch(segment -> segment.window().isPresent())) {
      throw new IllegalArgumentException("heads with a tail have no sliding window");
    }
    if (segments.getFirst().budget().isPresent()) {
      checkSelected(segments);
    }
    if (kinds.equals(MERGED)) {
      checkMerged(segments);
    }
  }

  /** Heads without a compensation row. */
  public HeadGroup(List<Integer> heads, List<CacheSegment> segments) {
    this(heads, segments, false);
  }

  /** {@return these heads with other segments} */
  public HeadGroup withSegments(List<CacheSegment> others) {
    return new HeadGroup(heads, others, compensated);
  }

  /** {@return whether selections decide which rows the heads keep} */
  public boolean isSelected() {
    return segments.getFirst().budget().isPresent();
  }

  /** {@return whether folds mix the rows of the heads into slots} */
  public boolean isFolded() {
    return segments.getFirst().kind() == CacheSegment.Kind.SLOTS;
  }

  /**
   * {@return how many rows a selection keeps}
   *
   * @throws java.util.NoSuchElementException unless the group is selected
   */
  public RowBudget budget() {
    return segments.getFirst().budget().orElseThrow();
  }

  /** {@return whether the heads share rows with those of another layer} */
  public boolean isMerged() {
    return segments.getFirst().kind() == CacheSegment.Kind.SHARED;
  }

  /**
   * {@return how the heads share rows}
   *
   * @throws java.util.NoSuchElementException unless the group is merged
   */
  public Merge merge() {
    return segments.getFirst().merge().orElseThrow();
  }

  /** {@return how many first positions a sink holds, 0 without one} */
  public int sinkRows() {
    CacheSegment first = segments.getFirst();
    return first.kind() == CacheSegment.Kind.SINK ? first.rows() : 0;
  }

  /**
   * {@return the segment to which a row is appended}
   *
   * @param position true position of the row, at least 0
   */
  public CacheSegment segmentAt(int position) {
    CacheSegment first = segments.getFirst();
    boolean leads =
        first.kind() == CacheSegment.Kind.SLOTS || first.kind() == CacheSegment.Kind.SINK;
    return leads && position < first.rows() ? first : segments.getLast();
  }

  /**
   * {@return how many rows the compensation row stands for: those of all pages that the ring has
   * dropped}
   *
   * @param tokens true tokens that were appended
   */
  public int expelledRows(int tokens) {
    return compensated
        ? segments.getLast().droppedPages(Math.max(tokens - sinkRows(), 0))
            * QuantisedFormat.PAGE_ROWS
        : 0;
  }

  /** {@return the canonical text} */
  public String text() {
    return heads
        + ": "
        + segments.stream().map(CacheSegment::text).collect(Collectors.joining(" + "))
        + (compensated ? " + " + COMPENSATION : "");
  }

  private static void checkSelected(List<CacheSegment> segments) {
    int observe = segments.getFirst().budget().orElseThrow().observe();
    int tail = segments.getLast().rows();
    if (tail < observe) {
      throw new IllegalArgumentException(
          "a tail holds at least the " + observe + " observed rows, got " + tail);
    }
  }

  private static void checkMerged(List<CacheSegment> segments) {
    int tail = segments.getFirst().merge().orElseThrow().tail();
    if (segments.getLast().rows() != tail) {
      throw new IllegalArgumentException(
          "the tail has the " + tail + " rows of a merge, got " + segments.getLast().rows());
    }
    if (segments.get(1).format() != segments.getLast().format()) {
      throw new IllegalArgumentException("retained rows have the format of the tail");
    }
  }
}
