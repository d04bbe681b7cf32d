package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import java.math.BigDecimal;
import java.util.Optional;

/** Sets of layers or KV heads that a policy gives as a share, chosen by what was measured. */
final class CalibratedSets {
  private final ModelFacts facts;
  private final Calibrations calibrations;

  CalibratedSets(ModelFacts facts, Calibrations calibrations) {
    this.facts = facts;
    this.calibrations = calibrations;
  }

  /** The set; empty if nothing was measured. The share is between 0 and 100. */
  Optional<ParameterValue> choose(TargetAxis axis, BigDecimal percent) {
    return calibrations.headScores().map(scores -> choose(axis, percent, scores));
  }

  private ParameterValue choose(TargetAxis axis, BigDecimal percent, HeadScores scores) {
    if (scores.layers() != facts.layers() || scores.kvHeads() != facts.kvHeads()) {
      throw new CompilerBug("head scores of another model: " + scores.origin());
    }
    HeadSet chosen =
        switch (axis) {
          case LAYERS -> scores.topLayers(HeadScores.count(percent, facts.layers()));
          case HEADS ->
              scores.topHeads(HeadScores.count(percent, facts.layers() * facts.kvHeads()));
        };
    return new ParameterValue.SetValue(
        axis, chosen, Optional.of(new CalibratedChoice(percent, scores)));
  }

  /** The ways out for a user who has no calibration. */
  static Diagnostic withWaysOut(Diagnostic needed, String label, TargetAxis axis) {
    String example =
        switch (axis) {
          case LAYERS -> "[0, 1]";
          case HEADS -> "[head(0, 0), head(1, 0)]";
        };
    return needed
        .withNote("without one, name the " + axis.word() + ": " + label + " = " + example)
        .withNote(
            "'kvasir calibrate heads MODEL -o heads.kvcal' measures, --calibration heads.kvcal"
                + " uses it");
  }
}
