package dev.kvasir.fuzz.plan;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

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
      cases.add(withUses(from, without(from.uses(), use)));
    }
    for (int prompt = 0; from.prompts().size() > 1 && prompt < from.prompts().size(); prompt++) {
      cases.add(withTexts(from, without(from.prompts(), prompt), from.steps()));
    }
    if (from.steps() > 0) {
      cases.add(withTexts(from, from.prompts(), from.steps() / 2));
      cases.add(withTexts(from, from.prompts(), from.steps() - 1));
    }
    for (int prompt = 0; prompt < from.prompts().size(); prompt++) {
      for (int length : List.of(from.prompts().get(prompt) / 2, from.prompts().get(prompt) - 1)) {
        if (length > 0) {
          List<Integer> prompts = new ArrayList<>(from.prompts());
          prompts.set(prompt, length);
          cases.add(withTexts(from, prompts, from.steps()));
        }
      }
    }
    SmallModel model = from.model();
    cases.addAll(
        IntStream.of(model.group() / 2)
            .filter(group -> group > 0)
            .mapToObj(
                group ->
                    new SmallModel(
                        model.layers(), model.kvHeads(), group, model.headDim(), model.seed()))
            .map(
                smaller ->
                    new PlanCase(
                        smaller,
                        from.uses(),
                        from.context(),
                        from.span(),
                        from.prompts(),
                        from.steps(),
                        from.convolutions()))
            .toList());
    return cases;
  }

  private static PlanCase withUses(PlanCase from, List<String> uses) {
    return new PlanCase(
        from.model(),
        uses,
        from.context(),
        from.span(),
        from.prompts(),
        from.steps(),
        from.convolutions());
  }

  private static PlanCase withTexts(PlanCase from, List<Integer> prompts, int steps) {
    return new PlanCase(
        from.model(),
        from.uses(),
        from.context(),
        from.span(),
        prompts,
        steps,
        from.convolutions());
  }

  private static <T> List<T> without(List<T> list, int index) {
    List<T> rest = new ArrayList<>(list);
    rest.remove(index);
    return rest;
  }
}
