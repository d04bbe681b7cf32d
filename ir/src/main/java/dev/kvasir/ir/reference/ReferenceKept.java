package dev.kvasir.ir.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the selected heads of a layer remember of the last selection.
 *
 * @param mark rows at that selection, 0 before the first
 * @param lists kept positions of each KV head, ascending; no lists before the first selection
 * @param slots for each KV head and position below the mark, the place in its list or -1
 * @param observed the queries since, as many as a selection looks back on
 */
record ReferenceKept(
    int mark, List<List<Integer>> lists, int[][] slots, List<ReferenceQuery> observed) {
  static final ReferenceKept NOTHING = new ReferenceKept(0, List.of(), new int[0][], List.of());

  /** A selection with these lists, one for each KV head. */
  static ReferenceKept of(int mark, List<List<Integer>> lists) {
    List<List<Integer>> copies = new ArrayList<>();
    int[][] slots = new int[lists.size()][mark];
    for (int head = 0; head < slots.length; head++) {
      copies.add(List.copyOf(lists.get(head)));
      Arrays.fill(slots[head], -1);
      for (int slot = 0; slot < copies.get(head).size(); slot++) {
        slots[head][copies.get(head).get(slot)] = slot;
      }
    }
    return new ReferenceKept(mark, List.copyOf(copies), slots, List.of());
  }

  ReferenceKept observing(List<ReferenceQuery> queries) {
    return new ReferenceKept(mark, lists, slots, List.copyOf(queries));
  }

  List<Integer> list(int kvHead) {
    return lists.isEmpty() ? List.of() : lists.get(kvHead);
  }

  boolean holds(int kvHead, int row) {
    return row >= mark || slots[kvHead][row] >= 0;
  }
}
