package dev.kvasir.benchmarks.fusion;

import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One session under one policy, and what its launches took. */
final class FusedRun implements AutoCloseable {

  /** Launches of a selection, without the attention that it follows. */
  private static final List<String> SELECTION =
      List.of(
          "candidate positions",
          "observed mass",
          "score rows",
          "choose rows",
          "compact rows",
          "commit choice");

  private final FusedPolicy policy;
  private final Session session;
  private final Map<String, Long> prefill = new TreeMap<>();
  private final Map<String, List<Long>> steps = new TreeMap<>();
  private final Map<String, Long> step = new TreeMap<>();
  private int launches;

  /** Reads the prompt. */
  FusedRun(FusedPolicy policy, LoadedModel model, int[] prompt) {
    this.policy = policy;
    // Kernels become fast as they run: a short prompt and some steps first.
    try (Session warm = model.newSession()) {
      warm.append(Prompt.ofTokens(Arrays.copyOf(prompt, Math.min(prompt.length, 600))));
      for (int i = 0; i < 40; i++) {
        warm.step(1);
      }
    }
    session = model.newSession();
    session.observeLaunches(
        (launch, nanos) -> prefill.merge(kind(launch.label()), nanos, Long::sum));
    session.append(Prompt.ofTokens(prompt));
    session.observeLaunches(
        (launch, nanos) -> {
          step.merge(kind(launch.label()), nanos, Long::sum);
          launches++;
        });
  }

  /** {@return what a launch does, without its layer} */
  private static String kind(String label) {
    return label.startsWith("layer.") ? label.substring(label.indexOf(' ') + 1) : label;
  }

  /** Decodes and notes what each kind of launch took in each step. */
  void decode(int count) {
    for (int i = 0; i < count; i++) {
      step.clear();
      launches = 0;
      session.step(1);
      step.forEach((kind, nanos) -> steps.computeIfAbsent(kind, _ -> new ArrayList<>()).add(nanos));
    }
  }

  private double selectionMillis() {
    return SELECTION.stream().mapToLong(kind -> prefill.getOrDefault(kind, 0L)).sum() / 1e6;
  }

  private double median(String kind) {
    List<Long> sorted = steps.getOrDefault(kind, List.of(0L)).stream().sorted().toList();
    return sorted.get(sorted.size() / 2) / 1e3;
  }

  private double minimum(String kind) {
    return steps.getOrDefault(kind, List.of(0L)).stream().mapToLong(n -> n).min().orElse(0) / 1e3;
  }

  private double wholeStep() {
    return steps.keySet().stream().mapToDouble(this::median).sum();
  }

  /** {@return the figures as text, relative to plain attention} */
  String report(FusedRun full) {
    double attention = prefill.getOrDefault("prefill attention", 0L) / 1e6;
    double rows = (double) session.cacheStats().keptRows() / full.session.cacheStats().keptRows();
    double time = median("decode attention") / full.median("decode attention");
    return String.format(
            "%-10s launches/step %3d  prefill attention %8.1f ms  selection %7.1f ms = %5.2f %%%n",
            policy.name(),
            launches,
            attention,
            selectionMillis(),
            100 * selectionMillis() / attention)
        + String.format(
            "           decode attention median %7.1f us, min %7.1f; time %.3f of full at %.3f of"
                + " its rows: %.2f x%n",
            median("decode attention"), minimum("decode attention"), time, rows, time / rows)
        + String.format(
            "           append %6.2f us  combine %6.2f us  whole step %8.1f us  %s%n",
            median("append rows"), median("combine attention"), wholeStep(), others());
  }

  private String others() {
    List<String> texts = new ArrayList<>();
    for (String kind : steps.keySet()) {
      if (kind.startsWith("keep") || kind.contains("compensat") || kind.contains("expel")) {
        texts.add("%s %.2f us".formatted(kind, median(kind)));
      }
    }
    return String.join(", ", texts);
  }

  @Override
  public void close() {
    session.close();
  }
}
