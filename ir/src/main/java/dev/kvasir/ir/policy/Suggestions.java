package dev.kvasir.ir.policy;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Help with names that mean nothing: what was probably meant, or what there is. */
final class Suggestions {
  /** Longer names are no typing errors of names that people type. */
  private static final int MAXIMUM_LENGTH = 64;

  private Suggestions() {}

  /** The candidate that is few typing errors away from a name; ties go to the alphabet. */
  static Optional<String> nearest(String name, Collection<String> candidates) {
    if (name.length() > MAXIMUM_LENGTH) {
      return Optional.empty();
    }
    int allowed = Math.max(1, name.length() / 3);
    return candidates.stream()
        .distinct()
        .filter(candidate -> Math.abs(candidate.length() - name.length()) <= allowed)
        .filter(candidate -> distance(name, candidate) <= allowed)
        .min(
            Comparator.comparingInt((String candidate) -> distance(name, candidate))
                .thenComparing(Comparator.naturalOrder()));
  }

  /** A note: the nearest candidate, else all of them under a heading; empty if there are none. */
  static Optional<String> note(String name, Collection<String> candidates, String heading) {
    Optional<String> near = nearest(name, candidates);
    if (near.isPresent()) {
      return Optional.of("did you mean " + near.get() + "?");
    }
    return candidates.isEmpty()
        ? Optional.empty()
        : Optional.of(
            heading + " " + candidates.stream().distinct().collect(Collectors.joining(", ")));
  }

  /** {@code a, b or c}. */
  static String join(List<String> words) {
    int last = words.size() - 1;
    return last < 1
        ? String.join("", words)
        : String.join(", ", words.subList(0, last)) + " or " + words.get(last);
  }

  /** How many characters must be inserted, dropped, changed or swapped with their neighbour. */
  private static int distance(String from, String to) {
    int[][] costs = new int[from.length() + 1][to.length() + 1];
    for (int row = 0; row <= from.length(); row++) {
      for (int column = 0; column <= to.length(); column++) {
        costs[row][column] = cost(costs, from, to, row, column);
      }
    }
    return costs[from.length()][to.length()];
  }

  private static int cost(int[][] costs, String from, String to, int row, int column) {
    if (row == 0 || column == 0) {
      return row + column;
    }
    boolean same = from.charAt(row - 1) == to.charAt(column - 1);
    int cost = costs[row - 1][column - 1] + (same ? 0 : 1);
    cost = Math.min(cost, costs[row - 1][column] + 1);
    cost = Math.min(cost, costs[row][column - 1] + 1);
    boolean swapped =
        row > 1
            && column > 1
            && from.charAt(row - 1) == to.charAt(column - 2)
            && from.charAt(row - 2) == to.charAt(column - 1);
    return swapped ? Math.min(cost, costs[row - 2][column - 2] + 1) : cost;
  }
}
