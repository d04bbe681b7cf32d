package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** Reads a file that may hold anything; {@link HeadCalibration} has the form. */
final class HeadCalibrationReader {
  /** Room for the scores of far more heads than any model has. */
  private static final int MOST_BYTES = 16 << 20;

  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;

  HeadCalibrationReader(Path file) {
    this.file = file;
  }

  HeadCalibration read() {
    SafetensorsFile tensors = open();
    require(HeadCalibration.KIND, HeadCalibration.HEADS, tensors);
    require(HeadCalibration.VERSION, HeadCalibration.FIRST_VERSION, tensors);
    String fingerprint = metadata(HeadCalibration.FINGERPRINT, tensors);
    if (!HASH.matcher(fingerprint).matches()) {
      throw invalid("expected a fingerprint of 64 hexadecimal digits, got " + show(fingerprint));
    }
    String word = metadata(HeadCalibration.METHOD, tensors);
    CalibrationMethod method =
        CalibrationMethod.of(word)
            .orElseThrow(
                () ->
                    invalid("expected method induction, ablation or imported, got " + show(word)));
    SafetensorsTensor scores =
        tensors
            .tensor(HeadCalibration.SCORES)
            .orElseThrow(
                () -> invalid("expected a tensor %s, got none".formatted(HeadCalibration.SCORES)));
    if (scores.type() != SafetensorsType.F32
        || scores.shape().size() != 2
        || scores.shape().contains(0L)) {
      throw invalid(
          "expected %s as F32 [layers, KV heads], got %s %s"
              .formatted(HeadCalibration.SCORES, scores.type(), scores.shape()));
    }
    return new HeadCalibration(
        file.toString(),
        fingerprint,
        method,
        number(HeadCalibration.SEED, tensors),
        number(HeadCalibration.LENGTH, tensors),
        Math.toIntExact(scores.shape().getFirst()),
        Math.toIntExact(scores.shape().getLast()),
        values(scores));
  }

  private SafetensorsFile open() {
    try {
      if (!Files.isRegularFile(file)) {
        throw unreadable(
            Files.exists(file) ? "expected a file, got none" : "there is no such file");
      }
      return SafetensorsFile.of(file.toString(), MemorySegment.ofArray(bytes()));
    } catch (SafetensorsException damaged) {
      throw new CompileException(
          Diagnostic.error(DiagnosticCode.CALIBRATION_INVALID, damaged.place(), damaged.problem())
              .withNote(wayOut()));
    } catch (IOException failure) {
      throw unreadable("the file system refused: " + failure.getMessage());
    }
  }

  private byte[] bytes() throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw invalid("expected at most %d bytes, got more".formatted(MOST_BYTES));
      }
      return bytes;
    }
  }

  private List<Float> values(SafetensorsTensor scores) {
    int columns = Math.toIntExact(scores.shape().getLast());
    List<Float> values = new ArrayList<>();
    for (long at = 0; at < scores.data().byteSize(); at += Float.BYTES) {
      float value = scores.data().get(FLOAT, at);
      if (!Float.isFinite(value)) {
        int index = values.size();
        throw invalid(
            "expected finite scores, got %s for layer %d, KV head %d"
                .formatted(value, index / columns, index % columns));
      }
      values.add(value);
    }
    return values;
  }

  private void require(String key, String expected, SafetensorsFile tensors) {
    String actual = metadata(key, tensors);
    if (!actual.equals(expected)) {
      throw invalid("expected %s %s, got %s".formatted(key, expected, show(actual)));
    }
  }

  private String metadata(String key, SafetensorsFile tensors) {
    String value = tensors.metadata().get(key);
    if (value == null) {
      throw invalid("expected metadata %s, got none".formatted(key));
    }
    return value;
  }

  private OptionalLong number(String key, SafetensorsFile tensors) {
    String value = tensors.metadata().get(key);
    if (value == null) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(value));
    } catch (NumberFormatException e) {
      throw invalid("expected %s to be a whole number, got %s".formatted(key, show(value)));
    }
  }

  private CompileException invalid(String problem) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.CALIBRATION_INVALID, file.toString(), problem)
            .withNote(wayOut()));
  }

  private CompileException unreadable(String problem) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.CALIBRATION_UNREADABLE, file.toString(), problem)
            .withNote(wayOut()));
  }

  private static String wayOut() {
    return "'kvasir calibrate heads MODEL -o %s' writes one".formatted(HeadCalibration.FILE_NAME);
  }

  private static String show(String text) {
    return text.length() > 40 ? text.substring(0, 40) + "..." : text;
  }
}
