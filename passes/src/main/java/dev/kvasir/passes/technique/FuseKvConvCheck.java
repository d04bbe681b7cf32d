package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.policy.Calibrations;
import dev.kvasir.ir.policy.Convolutions;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.policy.UseCheck;
import dev.kvasir.ir.type.Fold;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the parameters of {@code fuse-kv-conv} and the weights of the model must fulfil together.
 */
final class FuseKvConvCheck implements UseCheck {

  @Override
  public List<Diagnostic> problems(TechniqueUse use, ModelFacts facts) {
    List<Diagnostic> problems = new ArrayList<>();
    int kernel = FuseKvConvSpec.kernel(use);
    if (kernel % 2 == 0) {
      problems.add(
          outOfRange(use, FuseKvConvSpec.KERNEL, "kernel must be odd, got " + kernel)
              .withNote("a row has as many neighbours on one side as on the other"));
    }
    if (FuseKvConvSpec.mixed(use) == 0) {
      problems.add(
          outOfRange(
                  use,
                  FuseKvConvSpec.KEEP,
                  "keep must leave a slot for mixed rows, %s%% of %d leaves none"
                      .formatted(keep(use), FuseKvConvSpec.slots(use)))
              .withNote("select-window keeps chosen rows alone"));
    }
    return problems;
  }

  @Override
  public List<Diagnostic> problems(TechniqueUse use, ModelFacts facts, Calibrations calibrations) {
    List<Diagnostic> problems = problems(use, facts);
    return problems.isEmpty()
        ? weights(use, calibrations).map(List::of).orElse(List.of())
        : problems;
  }

  private static Optional<Diagnostic> weights(TechniqueUse use, Calibrations calibrations) {
    Fold fold = FuseKvConvSpec.fold(use);
    Optional<Convolutions> known = calibrations.convolutions();
    Optional<String> problem =
        known.isEmpty()
            ? Optional.of("rows are mixed by convolutions, and this model has no weights for them")
            : known.get().misfit(fold, use.target().layers());
    return problem.map(
        sentence ->
            Diagnostic.error(DiagnosticCode.CALIBRATION_NEEDED, use.span(), sentence)
                .withNote(
                    "'kvasir calibrate conv MODEL --init random --seed 1 --slots %d --kernel %d"
                            .formatted(fold.slots(), fold.kernel())
                        + " --keep %s%% -o conv.kvcal' writes some, --calibration conv.kvcal uses"
                            .formatted(keep(use))
                        + " them")
                .withNote(
                    "these are not trained: with alpha 0, their default, mixed slots hold the"
                        + " heaviest of the other rows"));
  }

  private static String keep(TechniqueUse use) {
    return FuseKvConvSpec.keep(use.arguments()).toPlainString();
  }

  private static Diagnostic outOfRange(TechniqueUse use, String parameter, String message) {
    return Diagnostic.error(DiagnosticCode.OUT_OF_RANGE, use.spanOf(parameter), message);
  }
}
