package dev.kvasir.fuzz.plan;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Tries many cases and counts what became of them. */
public final class PlanFuzz {
  private final long seed;
  private final PlanTrial trial;
  private final Map<String, Integer> counts = new TreeMap<>();
  private final List<String> problems = new ArrayList<>();

  /**
   * Prepares.
   *
   * @param seed of all cases
   * @param folder for their models, overwritten by each
   */
  public PlanFuzz(long seed, Path folder) {
    this.seed = seed;
    this.trial = new PlanTrial(folder);
  }

  /**
   * Tries a case; a bug is made small and noted.
   *
   * @param index its number
   * @throws IOException when the folder cannot be written
   */
  public void run(long index) throws IOException {
    PlanCase planCase = RandomPlans.of(seed, index);
    Verdict verdict = trial.run(planCase);
    counts.merge(name(verdict), 1, Integer::sum);
    if (verdict.isBug()) {
      PlanCase small = new Shrinker(trial).shrink(planCase);
      problems.add(
          "seed %d, case %d: %s%nshrunk to: %s%n%s"
              .formatted(seed, index, verdict, trial.run(small), small));
    }
  }

  /** {@return how many plans computed what their graph means} */
  public int agreed() {
    return counts.getOrDefault("agreed", 0);
  }

  /** {@return how many cases ended in each way, a line for each} */
  public String table() {
    StringBuilder table = new StringBuilder();
    counts.forEach((name, count) -> table.append("%-60s %8d%n".formatted(name, count)));
    return table.toString();
  }

  /** {@return the bugs, each with a small case that shows it} */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  private static String name(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Agreed _ -> "agreed";
      case Verdict.Refused refused -> "refused " + refused.code().code();
      case Verdict.Undecided _ -> "undecided";
      case Verdict.Wrong _ -> "wrong";
      case Verdict.Broken _ -> "broken";
    };
  }
}
