package dev.kvasir.fuzz.plan;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks for a smaller case that fails as well: fewer statements, shorter texts, a smaller model.
 */
final class Shrinker {
  private static final int MOST_TRIALS = 60;

  private final PlanTrial trial;
  private int trials;

  Shrinker(PlanTrial trial) {
    this.trial = trial;
  }

  /** {@return the smallest case found that is a bug; {@code failing} itself is one} */
  PlanCase shrink(PlanCase failing) throws IOException {
    PlanCase smallest = failing;
    boolean shrunk = true;
    while (shrunk && trials < MOST_TRIALS) {
      shrunk = false;
      for (PlanCase smaller : smaller(smallest)) {
        trials++;
        if (trial.run(smaller).isBug()) {
          smallest = smaller;
          shrunk = true;
          break;
        }
      }
    }
    return smallest;
  }

  private static List<PlanCase> smaller(PlanCase from) {
    List<PlanCase> cases = new ArrayList<>();
    for (int use = 0; use < from.uses().size(); use++) {
      cases.add(from.withUses(without(from.uses(), use)));
    }
    for (int prompt = 0; from.prompts().size() > 1 && prompt < from.prompts().size(); prompt++) {
      cases.add(from.withTexts(without(from.prompts(), prompt), from.steps()));
    }
    if (from.steps() > 0) {
      cases.add(from.withTexts(from.prompts(), from.steps() / 2));
      cases.add(from.withTexts(from.prompts(), from.steps() - 1));
    }
    for (int prompt = 0; prompt < from.prompts().size(); prompt++) {
      for (int length : List.of(from.prompts().get(prompt) / 2, from.prompts().get(prompt) - 1)) {
        if (length > 0) {
          List<Integer> prompts = new ArrayList<>(from.prompts());
          prompts.set(prompt, length);
          cases.add(from.withTexts(prompts, from.steps()));
        }
      }
    }
    int group = from.model().group() / 2;
    if (group > 0) {
      cases.add(from.withModel(from.model().withGroup(group)));
    }
    return cases;
  }

  private static <T> List<T> without(List<T> list, int index) {
    List<T> rest = new ArrayList<>(list);
    rest.remove(index);
    return rest;
  }
}
