package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.calibration.Calibration;
import dev.kvasir.codegen.calibration.CalibrationSet;
import dev.kvasir.codegen.tile.TileChooser;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.passes.PassListener;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * How to compile.
 *
 * @param target what for
 * @param maxContext most true tokens of a session; empty for the model's own maximum
 * @param span most prompt rows that are prefilled at once; empty for what {@link TileChooser#span}
 *     says
 * @param tiles sizes that are given; {@link TileChooser} chooses the others
 * @param planFolder where the plan will lie: it remembers the way from there to the model
 * @param calibrations what was made for the model; of kinds that are missing, those in the model's
 *     folder
 * @param listener told about every pass
 */
public record CompilerOptions(
    Target target,
    OptionalInt maxContext,
    OptionalInt span,
    Map<TileSize, Integer> tiles,
    Path planFolder,
    CalibrationSet calibrations,
    PassListener listener) {

  /** Copies the map. */
  public CompilerOptions {
    EnumMap<TileSize, Integer> copy = new EnumMap<>(TileSize.class);
    copy.putAll(tiles);
    tiles = Collections.unmodifiableMap(copy);
  }

  /**
   * {@return the jvm target, the model's context, the current folder, everything else by default}
   */
  public static CompilerOptions defaults() {
    return new CompilerOptions(
        Target.jvm(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        Map.of(),
        Path.of(""),
        CalibrationSet.NONE,
        PassListener.NONE);
  }

  /** {@return the same for another target} */
  public CompilerOptions withTarget(Target other) {
    return new CompilerOptions(other, maxContext, span, tiles, planFolder, calibrations, listener);
  }

  /** {@return the same for sessions of at most {@code tokens}} */
  public CompilerOptions withMaxContext(int tokens) {
    return new CompilerOptions(
        target, OptionalInt.of(tokens), span, tiles, planFolder, calibrations, listener);
  }

  /** {@return the same with spans of at most {@code rows}} */
  public CompilerOptions withSpan(int rows) {
    return new CompilerOptions(
        target, maxContext, OptionalInt.of(rows), tiles, planFolder, calibrations, listener);
  }

  /**
   * {@return the same with one size given}
   *
   * @throws IllegalArgumentException when kernels cannot have it
   */
  public CompilerOptions withTile(TileSize size, int value) {
    EnumMap<TileSize, Integer> given = new EnumMap<>(TileSize.class);
    given.putAll(tiles);
    given.put(size, size.require(value));
    return new CompilerOptions(target, maxContext, span, given, planFolder, calibrations, listener);
  }

  /** {@return the same for a plan that will lie in {@code folder}} */
  public CompilerOptions withPlanFolder(Path folder) {
    return new CompilerOptions(target, maxContext, span, tiles, folder, calibrations, listener);
  }

  /** {@return the same with one more calibration of the model} */
  public CompilerOptions withCalibration(Calibration calibration) {
    return withCalibrations(calibrations.with(calibration));
  }

  /** {@return the same with these calibrations of the model and no others} */
  public CompilerOptions withCalibrations(CalibrationSet others) {
    return new CompilerOptions(target, maxContext, span, tiles, planFolder, others, listener);
  }

  /** {@return the same with a listener} */
  public CompilerOptions withListener(PassListener other) {
    return new CompilerOptions(target, maxContext, span, tiles, planFolder, calibrations, other);
  }
}
