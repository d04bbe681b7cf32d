package dev.kvasir.ir.type;

import java.util.List;
import java.util.stream.Collectors;

/**
 * KV heads of one layer that keep their rows in the same way. Each row of such a head lies in
 * exactly one of the segments.
 *
 * <p>Text: {@code [0, 1]: sink bf16 rows 4 + ring bf16 rows 64}.
 *
 * @param heads KV heads, ascending
 * @param segments one dense segment, or a ring with a sink before it or without
 */
public record HeadGroup(List<Integer> heads, List<CacheSegment> segments) {

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
        && !kinds.equals(List.of(CacheSegment.Kind.SINK, CacheSegment.Kind.RING))) {
      throw new IllegalArgumentException(
          "segments must be dense, or ring, or sink and ring, got "
              + kinds.stream().map(CacheSegment.Kind::text).toList());
    }
  }

  /** {@return how many first positions a sink holds, 0 without one} */
  public int sinkRows() {
    CacheSegment first = segments.getFirst();
    return first.kind() == CacheSegment.Kind.SINK ? first.rows() : 0;
  }

  /**
   * {@return the segment in which a row lies}
   *
   * @param position true position of the row, at least 0
   */
  public CacheSegment segmentAt(int position) {
    return position < sinkRows() ? segments.getFirst() : segments.getLast();
  }

  /** {@return the canonical text} */
  public String text() {
    return heads
        + ": "
        + segments.stream().map(CacheSegment::text).collect(Collectors.joining(" + "));
  }
}
