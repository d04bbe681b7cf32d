package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.codegen.calibration.Calibration;
import dev.kvasir.codegen.calibration.CalibrationSet;
import dev.kvasir.codegen.driver.CompilerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** Which measurements and weights policies use that leave something to them. */
final class CalibrationOption {
  /** The option's name. */
  static final String NAME = "--calibration";

  @Option(
      names = NAME,
      paramLabel = "FILE",
      description =
          "What was made for the model: scores of KV heads from 'kvasir calibrate heads' for"
              + " policies that give a share, weights from 'kvasir calibrate conv' for those that"
              + " fold; once for each kind. Default: heads.kvcal and conv.kvcal in the model's"
              + " folder.")
  private List<Path> files = new ArrayList<>();

  /** {@return whether a file was named} */
  boolean isPresent() {
    return !files.isEmpty();
  }

  /**
   * {@return the calibrations that were named}
   *
   * @throws dev.kvasir.ir.diag.CompileException when one cannot be read or is none
   */
  CalibrationSet read() {
    CalibrationSet calibrations = CalibrationSet.NONE;
    Map<Class<?>, Path> kinds = new HashMap<>();
    for (Path file : files) {
      Calibration calibration = Calibration.read(file);
      Path other = kinds.putIfAbsent(calibration.getClass(), file);
      if (other != null) {
        throw new CommandException(
            Kind.USAGE,
            NAME,
            "%s and %s are calibrations of one kind".formatted(other, file),
            "name one of them");
      }
      calibrations = calibrations.with(calibration);
    }
    return calibrations;
  }

  /** {@return the options with the calibrations that were named} */
  CompilerOptions applyTo(CompilerOptions options) {
    return options.withCalibrations(read());
  }
}
