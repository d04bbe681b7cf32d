package dev.kvasir.fuzz;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Counts what became of mutants, by kind and by code. */
final class Tally {

  private static final String ACCEPTED = "accepted";
  private static final String FINDING = "finding";

  private final Map<MutationKind, SortedMap<String, Long>> counts =
      new EnumMap<>(MutationKind.class);
  private final Map<MutationKind, Long> nanos = new EnumMap<>(MutationKind.class);
  private final Map<MutationKind, Long> longest = new EnumMap<>(MutationKind.class);

  /**
   * Counts one.
   *
   * @param took its processor time in nanoseconds
   */
  void add(MutationKind kind, Outcome outcome, long took) {
    nanos.merge(kind, took, Long::sum);
    longest.merge(kind, took, Math::max);
    String word =
        switch (outcome) {
          case Outcome.Accepted accepted -> ACCEPTED;
          case Outcome.Refused refused -> refused.code();
          case Outcome.Finding finding -> FINDING;
        };
    counts.computeIfAbsent(kind, key -> new TreeMap<>()).merge(word, 1L, Long::sum);
  }

  /** {@return how many mutants of a kind were accepted} */
  long accepted(MutationKind kind) {
    return counts.getOrDefault(kind, new TreeMap<>()).getOrDefault(ACCEPTED, 0L);
  }

  /** {@return how many mutants of a kind were refused} */
  long refused(MutationKind kind) {
    return total(kind) - accepted(kind) - findings(kind);
  }

  /** {@return how many mutants there were} */
  long total() {
    return counts.keySet().stream().mapToLong(this::total).sum();
  }

  /** {@return how many were neither accepted nor refused as documented} */
  long findings() {
    return counts.keySet().stream().mapToLong(this::findings).sum();
  }

  private long findings(MutationKind kind) {
    return counts.getOrDefault(kind, new TreeMap<>()).getOrDefault(FINDING, 0L);
  }

  private long total(MutationKind kind) {
    return counts.getOrDefault(kind, new TreeMap<>()).values().stream()
        .mapToLong(Long::longValue)
        .sum();
  }

  /**
   * {@return a line for each kind: accepted, refused, findings, mean and longest processor time in
   * milliseconds, and the codes of the refusals}
   */
  String table() {
    StringBuilder table = new StringBuilder();
    table.append(
        "%-14s %10s %10s %8s %8s %8s  codes%n"
            .formatted("kind", ACCEPTED, "refused", "findings", "mean ms", "most ms"));
    for (MutationKind kind : counts.keySet()) {
      String codes =
          counts.getOrDefault(kind, new TreeMap<>()).entrySet().stream()
              .filter(count -> !count.getKey().equals(ACCEPTED) && !count.getKey().equals(FINDING))
              .map(count -> count.getKey() + " " + count.getValue())
              .collect(Collectors.joining(", "));
      table.append(
          String.format(
              Locale.ROOT,
              "%-14s %10d %10d %8d %8.3f %8.1f  %s%n",
              kind,
              accepted(kind),
              refused(kind),
              findings(kind),
              nanos.getOrDefault(kind, 0L) / 1e6 / total(kind),
              longest.getOrDefault(kind, 0L) / 1e6,
              codes));
    }
    return table.toString();
  }
}
