package dev.kvasir.ir.reference;

import java.util.List;

/**
 * What a selection chose, or what it waits with.
 *
 * @param lists kept positions, ascending: one list, or one for each selected head; without lists
 *     nothing is selected in this run
 * @param observed queries that the next selection may look back on; none once rows are selected
 */
public record ReferenceChoice(List<List<Integer>> lists, List<ReferenceQuery> observed)
    implements ReferenceValue {
  /** Copies the lists. */
  public ReferenceChoice {
    lists = lists.stream().map(List::copyOf).toList();
    observed = List.copyOf(observed);
  }
}
