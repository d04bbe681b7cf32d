package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.policy.UseCheck;
import dev.kvasir.ir.type.Merge;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What the parameters of {@code merge-layers} must fulfil together, and its layers. */
final class MergeLayersCheck implements UseCheck {

  @Override
  public List<Diagnostic> problems(TechniqueUse use, ModelFacts facts) {
    MergeLayersUse merging = new MergeLayersUse(use);
    List<Diagnostic> problems = new ArrayList<>();
    decimals(merging, MergeLayersSpec.T, merging.t(), "", problems);
    decimals(merging, MergeLayersSpec.RETAIN, merging.retain(), "%", problems);
    pairs(merging, facts, problems);
    return problems;
  }

  private static void decimals(
      MergeLayersUse merging,
      String parameter,
      BigDecimal value,
      String unit,
      List<Diagnostic> problems) {
    if (value.scale() > Merge.DECIMALS) {
      problems.add(
          Diagnostic.error(
              DiagnosticCode.OUT_OF_RANGE,
              merging.use().spanOf(parameter),
              "%s has at most %d decimals, got %s%s"
                  .formatted(parameter, Merge.DECIMALS, value.toPlainString(), unit)));
    }
  }

  private static void pairs(MergeLayersUse merging, ModelFacts facts, List<Diagnostic> problems) {
    List<MergeLayersUse.Pair> pairs = merging.pairs(facts.layers());
    if (pairs.isEmpty()) {
      List<Integer> layers = merging.layers(facts.layers());
      int first = merging.first(facts.layers());
      problems.add(
          Diagnostic.error(
                  DiagnosticCode.UNSUPPORTED_TARGET,
                  merging.use().span(),
                  "merge-layers needs two neighbouring layers, got "
                      + (layers.isEmpty() ? "none" : "only layer " + layers.getFirst())
                      + (first > 0 ? " from layer " + first + " on" : ""))
              .withNote("layers merge two by two: name another layer beside it, or lower from"));
    }
    for (MergeLayersUse.Pair pair : pairs) {
      if (pair.upper() != pair.lower() + 1) {
        problems.add(
            Diagnostic.error(
                    DiagnosticCode.UNSUPPORTED_TARGET,
                    merging.use().span(),
                    "layers " + pair + " cannot merge: they are no neighbours")
                .withNote(
                    "layers are taken two by two, here "
                        + pairs.stream()
                            .map(MergeLayersUse.Pair::toString)
                            .collect(Collectors.joining(", "))
                        + ": name neighbours, or use merge-layers once for each pair"));
        return;
      }
    }
  }
}
