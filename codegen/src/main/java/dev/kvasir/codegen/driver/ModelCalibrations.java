package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.calibration.CalibratedWeights;
import dev.kvasir.codegen.calibration.Calibration;
import dev.kvasir.codegen.calibration.CalibrationSet;
import dev.kvasir.codegen.calibration.ConvCalibration;
import dev.kvasir.codegen.calibration.HeadCalibration;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.policy.Calibrations;
import dev.kvasir.ir.policy.Convolutions;
import dev.kvasir.ir.policy.HeadScores;
import java.util.Optional;

/** The calibrations of a model: those given, else those in its folder, which are read on demand. */
final class ModelCalibrations implements Calibrations {
  private final Model model;
  private final CalibrationSet given;

  /**
   * Checks what is given.
   *
   * @throws dev.kvasir.ir.diag.CompileException when it is of another model
   */
  ModelCalibrations(Model model, CalibrationSet given) {
    this.model = model;
    this.given = given;
    given.heads().ifPresent(this::requireFits);
    given.convolutions().ifPresent(this::requireFits);
  }

  @Override
  public Optional<HeadScores> headScores() {
    return given.heads().or(this::headsOfFolder).map(HeadCalibration::scores);
  }

  @Override
  public Optional<Convolutions> convolutions() {
    return convolutionWeights().map(weights -> weights::misfit);
  }

  /** {@return the weights that a graph names: the model's and those that fold rows} */
  WeightSource weights(Optional<ConvCalibration> convolutions) {
    return convolutions
        .<WeightSource>map(weights -> new CalibratedWeights(model, weights))
        .orElse(model);
  }

  /** {@return the weights with which a graph folds rows, if it does} */
  Optional<ConvCalibration> convolutions(Graph graph) {
    boolean folds = graph.nodes().stream().anyMatch(node -> node.op() instanceof FoldRowsOp);
    return folds ? convolutionWeights() : Optional.empty();
  }

  private Optional<ConvCalibration> convolutionWeights() {
    return given.convolutions().or(this::convolutionsOfFolder);
  }

  private Optional<HeadCalibration> headsOfFolder() {
    Optional<HeadCalibration> found = HeadCalibration.ofFolder(model.path());
    found.ifPresent(this::requireFits);
    return found;
  }

  private Optional<ConvCalibration> convolutionsOfFolder() {
    Optional<ConvCalibration> found = ConvCalibration.ofFolder(model.path());
    found.ifPresent(this::requireFits);
    return found;
  }

  private void requireFits(Calibration calibration) {
    calibration.requireFits(model.path(), model.fingerprint(), model.config());
  }
}
