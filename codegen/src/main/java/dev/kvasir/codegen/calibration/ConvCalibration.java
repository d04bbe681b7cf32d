package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightType;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.plans.AtomicFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The weights with which rows of one model are folded, see {@link Fold}.
 *
 * <p>The file is a safetensors file. For each layer l that may be folded it has {@code
 * layer.l.lococo.weight} [mixed, keyDim + valueDim, kernel], {@code layer.l.lococo.bias} [mixed]
 * and {@code layer.l.lococo.alpha} [1], each F32 or F16 and finite; others are passed over.
 * Metadata: {@code kind} = {@code conv}, {@code version} = {@code 1}, {@code fingerprint} of the
 * model, {@code method} = {@code random} or {@code trained}, {@code slots}, and {@code seed} of
 * what was random.
 *
 * @param place the file, for messages
 * @param fingerprint of the model, 64 hexadecimal digits
 * @param method how the weights came about
 * @param seed of what was random
 * @param slots into how many slots rows are folded, mixed and others
 * @param weights the tensors by name
 */
public record ConvCalibration(
    String place,
    String fingerprint,
    ConvMethod method,
    OptionalLong seed,
    int slots,
    Map<String, Weight> weights)
    implements Calibration {
  /** Name of the file in a model's folder that is used when no other is named. */
  public static final String FILE_NAME = "conv.kvcal";

  static final String KIND = "conv";
  static final String SLOTS = "slots";
  static final String WEIGHT = "weight";
  static final String BIAS = "bias";
  static final String ALPHA = "alpha";

  /** Copies the map. */
  public ConvCalibration {
    weights = Collections.unmodifiableMap(new TreeMap<>(weights));
  }

  /**
   * {@return the calibration in a file}
   *
   * @throws CompileException when it cannot be read or is not one
   */
  public static ConvCalibration read(Path file) {
    return new ConvCalibrationReader(
            CalibrationFile.open(
                file, ConvCalibrationReader.MOST_BYTES, ConvCalibrationReader.WAY_OUT))
        .read();
  }

  /**
   * {@return the calibration in a model's folder, if there is one}
   *
   * @throws CompileException when there is a file that is none
   */
  public static Optional<ConvCalibration> ofFolder(Path model) {
    Path file = model.resolve(FILE_NAME);
    return file.toFile().isFile() ? Optional.of(read(file)) : Optional.empty();
  }

  /** {@return a weight, if there is one of this name} */
  public Optional<Weight> find(String name) {
    return Optional.ofNullable(weights.get(name));
  }

  @Override
  public String describe() {
    return CalibrationFile.describe(place, method.word(), seed);
  }

  /** {@return how the weights differ from what is needed, a sentence; empty when they fit} */
  public Optional<String> misfit(Fold fold, List<Integer> layers) {
    for (int layer : layers) {
      Optional<Weight> weight = find(FoldRowsOp.name(layer, WEIGHT));
      if (weight.isEmpty()) {
        return Optional.of("%s has no weights for layer %d".formatted(describe(), layer));
      }
      long mixed = weight.get().shape().getFirst();
      long kernel = weight.get().shape().getLast();
      if (slots != fold.slots() || mixed != fold.mixed() || kernel != fold.kernel()) {
        return Optional.of(
            "%s has weights for %d slots, %d of them mixed, and a kernel of %d in layer %d;"
                    .formatted(describe(), slots, mixed, kernel, layer)
                + " expected %d slots, %d of them mixed, and a kernel of %d"
                    .formatted(fold.slots(), fold.mixed(), fold.kernel()));
      }
    }
    return Optional.empty();
  }

  @Override
  public void requireFits(Path folder, String actual, ModelConfig model) {
    String wayOut =
        "make some for this model: kvasir calibrate conv %s --init random --slots N -o %s"
            .formatted(folder, FILE_NAME);
    CalibrationFile.requireFingerprint(this, actual, wayOut);
    long channels = 2L * model.headDim();
    for (int layer = 0; layer < model.layers(); layer++) {
      Optional<Weight> weight = find(FoldRowsOp.name(layer, WEIGHT));
      if (weight.isPresent() && weight.get().shape().get(1) != channels) {
        throw new CompileException(
            Diagnostic.error(
                    DiagnosticCode.CALIBRATION_INVALID,
                    place,
                    "expected weights of %d channels, keys and values of the model, got %d in layer"
                            .formatted(channels, weight.get().shape().get(1))
                        + " "
                        + layer)
                .withNote(wayOut));
      }
    }
  }

  /**
   * Writes the file.
   *
   * @throws IOException when it cannot be written; an older file is unchanged
   */
  public void write(Path file) throws IOException {
    SafetensorsWriter writer = CalibrationFile.writer(KIND, fingerprint);
    writer.metadata(CalibrationFile.METHOD, method.word()).metadata(SLOTS, Integer.toString(slots));
    seed.ifPresent(number -> writer.metadata(CalibrationFile.SEED, Long.toString(number)));
    weights.forEach(
        (name, weight) ->
            writer.add(
                new SafetensorsTensor(name, type(weight.type()), weight.shape(), weight.data())));
    AtomicFile.write(file, writer::writeTo);
  }

  private static SafetensorsType type(WeightType type) {
    return switch (type) {
      case F32 -> SafetensorsType.F32;
      case F16 -> SafetensorsType.F16;
      case BF16, I8, I32, I64, U8 ->
          throw new IllegalStateException("convolutions are F32 or F16, got " + type);
    };
  }
}
