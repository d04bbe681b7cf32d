package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.model.ModelConfig;
import java.nio.file.Path;

/** What was measured on one model or trained for it, as a file. */
public sealed interface Calibration permits HeadCalibration, ConvCalibration {

  /**
   * {@return the calibration in a file, of whichever kind it is}
   *
   * @throws CompileException when it cannot be read or is none
   */
  static Calibration read(Path file) {
    CalibrationFile opened =
        CalibrationFile.open(
            file,
            ConvCalibrationReader.MOST_BYTES,
            "'kvasir calibrate heads' and 'kvasir calibrate conv' write them");
    String kind = opened.metadata(CalibrationFile.KIND);
    return switch (kind) {
      case HeadCalibration.KIND ->
          new HeadCalibrationReader(
                  opened.as(HeadCalibrationReader.MOST_BYTES, HeadCalibrationReader.WAY_OUT))
              .read();
      case ConvCalibration.KIND ->
          new ConvCalibrationReader(
                  opened.as(ConvCalibrationReader.MOST_BYTES, ConvCalibrationReader.WAY_OUT))
              .read();
      default ->
          throw opened.invalid("expected kind heads or conv, got " + CalibrationFile.show(kind));
    };
  }

  /** {@return the file, for messages} */
  String place();

  /** {@return the fingerprint of the model, 64 hexadecimal digits} */
  String fingerprint();

  /** {@return the file and how it was made, for people} */
  String describe();

  /**
   * Refuses a calibration of another model.
   *
   * @param folder the model's folder, for the way out
   * @param actual the model's fingerprint
   * @throws CompileException when it is of another model
   */
  void requireFits(Path folder, String actual, ModelConfig model);
}
