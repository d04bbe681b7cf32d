package dev.kvasir.plans;

import dev.kvasir.plans.memory.BufferDeclaration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;

/** Finds buffers that lie on the same bytes while both are in use, in a time near their number. */
final class SharedBytes {

  /**
   * A buffer with the bytes begin to end, exclusive, in use from first to last, inclusive.
   *
   * @param end more than {@code begin}
   */
  record Use(BufferDeclaration buffer, long begin, long end, int first, int last) {}

  private static final Comparator<Use> BY_PLACE =
      Comparator.comparingLong(Use::begin).thenComparing(use -> use.buffer().name());

  /**
   * Two uses of the same bytes at the same time, the one with the lower beginning first, and of
   * equal ones the one with the lower name.
   */
  record Conflict(Use lower, Use upper) {
    static Conflict of(Use one, Use other) {
      return BY_PLACE.compare(one, other) <= 0
          ? new Conflict(one, other)
          : new Conflict(other, one);
    }
  }

  private SharedBytes() {}

  /** {@return two that conflict, if any do} */
  static Optional<Conflict> conflict(List<Use> uses) {
    List<Use> byFirst = new ArrayList<>(uses);
    byFirst.sort(Comparator.comparingInt(Use::first).thenComparing(BY_PLACE));
    // What is in use now lies apart, so that only neighbours of a new one can touch it.
    NavigableMap<Long, Use> inUse = new TreeMap<>();
    PriorityQueue<Use> ending = new PriorityQueue<>(Comparator.comparingInt(Use::last));
    for (Use use : byFirst) {
      for (Use ended = ending.peek();
          ended != null && ended.last() < use.first();
          ended = ending.peek()) {
        inUse.remove(ended.begin());
        ending.remove();
      }
      Map.Entry<Long, Use> before = inUse.lowerEntry(use.end());
      if (before != null && before.getValue().end() > use.begin()) {
        return Optional.of(Conflict.of(before.getValue(), use));
      }
      inUse.put(use.begin(), use);
      ending.add(use);
    }
    return Optional.empty();
  }
}
