package dev.kvasir.cli;

import dev.kvasir.codegen.calibration.HeadCalibration;
import dev.kvasir.codegen.driver.CompilerOptions;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which measurements choose what a policy gives as a share. */
final class CalibrationOption {
  /** The option's name. */
  static final String NAME = "--calibration";

  @Option(
      names = NAME,
      paramLabel = "FILE",
      description =
          "Scores of the model's KV heads, from 'kvasir calibrate heads', for policies that give a"
              + " share. Default: heads.kvcal in the model's folder.")
  private Optional<Path> file = Optional.empty();

  /** {@return whether a file was named} */
  boolean isPresent() {
    return file.isPresent();
  }

  /**
   * {@return the calibration that was named}
   *
   * @throws dev.kvasir.ir.diag.CompileException when it cannot be read or is not one
   */
  Optional<HeadCalibration> read() {
    return file.map(HeadCalibration::read);
  }

  /** {@return the options with the calibration that was named} */
  CompilerOptions applyTo(CompilerOptions options) {
    return read().map(options::withCalibration).orElse(options);
  }
}
