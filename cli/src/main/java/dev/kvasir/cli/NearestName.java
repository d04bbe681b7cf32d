package dev.kvasir.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** What a mistyped name probably was meant to be. */
final class NearestName {
  private static final int LONGEST = 64;

  private NearestName() {}

  /** {@return the name that is fewest typing errors away, at most a third of the letters} */
  static Optional<String> of(String typed, Collection<String> names) {
    if (typed.length() > LONGEST) {
      return Optional.empty();
    }
    int allowed = Math.max(1, typed.length() / 3);
    return names.stream()
        .filter(name -> distance(typed, name) <= allowed)
        .min(
            Comparator.comparingInt((String name) -> distance(typed, name))
                .thenComparing(Comparator.naturalOrder()));
  }

  /** How many letters must be inserted, dropped or changed (Levenshtein). */
  private static int distance(String from, String to) {
    int[] costs = new int[to.length() + 1];
    for (int column = 0; column <= to.length(); column++) {
      costs[column] = column;
    }
    for (int row = 1; row <= from.length(); row++) {
      int diagonal = costs[0];
      costs[0] = row;
      for (int column = 1; column <= to.length(); column++) {
        int changed = diagonal + (from.charAt(row - 1) == to.charAt(column - 1) ? 0 : 1);
        diagonal = costs[column];
        costs[column] = Math.min(changed, 1 + Math.min(diagonal, costs[column - 1]));
      }
    }
    return costs[to.length()];
  }
}
