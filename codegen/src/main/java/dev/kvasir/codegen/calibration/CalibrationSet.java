package dev.kvasir.codegen.calibration;

import java.util.Optional;

/**
 * Calibrations that are given for a model, at most one of each kind.
 *
 * @param heads how much each KV head retrieves
 * @param convolutions the weights with which rows are folded
 */
public record CalibrationSet(
    Optional<HeadCalibration> heads, Optional<ConvCalibration> convolutions) {
  /** None: those in the model's folder are used. */
  public static final CalibrationSet NONE = new CalibrationSet(Optional.empty(), Optional.empty());

  /** {@return these with one more, which takes the place of one of its kind} */
  public CalibrationSet with(Calibration calibration) {
    return switch (calibration) {
      case HeadCalibration given -> new CalibrationSet(Optional.of(given), convolutions);
      case ConvCalibration given -> new CalibrationSet(heads, Optional.of(given));
    };
  }
}
