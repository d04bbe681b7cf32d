package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.HeadScores;
import dev.kvasir.plans.AtomicFile;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How much each KV head of one model retrieves, as it was measured.
 *
 * <p>The file is a safetensors file: f32 {@code head_scores} [layers, KV heads], higher for a head
 * that retrieves more, and tensors of the same shape that the scores were made of, which readers
 * pass over. Metadata: {@code kind} = {@code heads}, {@code version} = {@code 1}, {@code
 * fingerprint} of the model, {@code method}, and, unless imported, {@code seed} and {@code length}
 * (tokens of the text). Two models that differ in the values of weights alone share a fingerprint.
 *
 * @param place the file, for messages
 * @param fingerprint of the model, 64 hexadecimal digits
 * @param method how it was measured
 * @param seed of what was random
 * @param length tokens of the text that was read
 * @param layers layers of the model
 * @param kvHeads KV heads of a layer
 * @param values the scores, finite, layer by layer
 */
public record HeadCalibration(
    String place,
    String fingerprint,
    CalibrationMethod method,
    OptionalLong seed,
    OptionalLong length,
    int layers,
    int kvHeads,
    List<Float> values)
    implements Calibration {
  /** Name of the file in a model's folder that is used when no other is named. */
  public static final String FILE_NAME = "heads.kvcal";

  static final String SCORES = "head_scores";
  static final String KIND = "heads";
  static final String LENGTH = "length";

  /** Copies the list. */
  public HeadCalibration {
    values = List.copyOf(values);
  }

  /**
   * {@return the calibration in a file}
   *
   * @throws CompileException when it cannot be read or is not one
   */
  public static HeadCalibration read(Path file) {
    return new HeadCalibrationReader(
            CalibrationFile.open(
                file, HeadCalibrationReader.MOST_BYTES, HeadCalibrationReader.WAY_OUT))
        .read();
  }

  /**
   * {@return the calibration in a model's folder, if there is one}
   *
   * @throws CompileException when there is a file that is none
   */
  public static Optional<HeadCalibration> ofFolder(Path model) {
    Path file = model.resolve(FILE_NAME);
    return file.toFile().isFile() ? Optional.of(read(file)) : Optional.empty();
  }

  /** {@return the scores, for choices of a policy} */
  public HeadScores scores() {
    return new HeadScores(describe(), layers, kvHeads, values);
  }

  @Override
  public String describe() {
    return CalibrationFile.describe(place, method.word(), seed);
  }

  @Override
  public void requireFits(Path folder, String actual, ModelConfig model) {
    String wayOut =
        "calibrate this model: kvasir calibrate heads %s -o %s".formatted(folder, FILE_NAME);
    CalibrationFile.requireFingerprint(this, actual, wayOut);
    if (layers != model.layers() || kvHeads != model.kvHeads()) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.CALIBRATION_INVALID,
                  place,
                  "expected scores of %d layers with %d KV heads, as the model has, got %d with %d"
                      .formatted(model.layers(), model.kvHeads(), layers, kvHeads))
              .withNote(wayOut));
    }
  }

  /**
   * Writes the file.
   *
   * @param parts what the scores were made of, by name, as long as they
   * @throws IOException when it cannot be written; an older file is unchanged
   */
  public void write(Path file, SortedMap<String, List<Float>> parts) throws IOException {
    SafetensorsWriter writer = CalibrationFile.writer(KIND, fingerprint);
    writer.metadata(CalibrationFile.METHOD, method.word());
    seed.ifPresent(number -> writer.metadata(CalibrationFile.SEED, Long.toString(number)));
    length.ifPresent(number -> writer.metadata(LENGTH, Long.toString(number)));
    SortedMap<String, List<Float>> tensors = new TreeMap<>(parts);
    tensors.put(SCORES, values);
    tensors.forEach((name, numbers) -> writer.addFloats(name, floats(numbers), layers, kvHeads));
    AtomicFile.write(file, writer::writeTo);
  }

  private static float[] floats(List<Float> numbers) {
    float[] array = new float[numbers.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = numbers.get(i);
    }
    return array;
  }
}
