package dev.kvasir.codegen.calibration;

import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Reads a file that may hold anything; {@link HeadCalibration} has the form. */
final class HeadCalibrationReader {
  /** Room for the scores of far more heads than any model has. */
  static final int MOST_BYTES = 16 << 20;

  static final String WAY_OUT =
      "'kvasir calibrate heads MODEL -o %s' writes one".formatted(HeadCalibration.FILE_NAME);

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final CalibrationFile file;

  HeadCalibrationReader(CalibrationFile file) {
    this.file = file;
  }

  HeadCalibration read() {
    String fingerprint = file.fingerprint(HeadCalibration.KIND);
    String word = file.metadata(CalibrationFile.METHOD);
    CalibrationMethod method =
        CalibrationMethod.of(word)
            .orElseThrow(
                () ->
                    file.invalid(
                        "expected method induction, ablation or imported, got "
                            + CalibrationFile.show(word)));
    SafetensorsTensor scores =
        file.tensor(HeadCalibration.SCORES)
            .orElseThrow(
                () ->
                    file.invalid(
                        "expected a tensor %s, got none".formatted(HeadCalibration.SCORES)));
    if (scores.type() != SafetensorsType.F32
        || scores.shape().size() != 2
        || scores.shape().contains(0L)) {
      throw file.invalid(
          "expected %s as F32 [layers, KV heads], got %s %s"
              .formatted(HeadCalibration.SCORES, scores.type(), scores.shape()));
    }
    return new HeadCalibration(
        file.place(),
        fingerprint,
        method,
        file.number(CalibrationFile.SEED),
        file.number(HeadCalibration.LENGTH),
        Math.toIntExact(scores.shape().getFirst()),
        Math.toIntExact(scores.shape().getLast()),
        values(scores));
  }

  private List<Float> values(SafetensorsTensor scores) {
    int columns = Math.toIntExact(scores.shape().getLast());
    List<Float> values = new ArrayList<>();
    for (long at = 0; at < scores.data().byteSize(); at += Float.BYTES) {
      float value = scores.data().get(FLOAT, at);
      if (!Float.isFinite(value)) {
        int index = values.size();
        throw file.invalid(
            "expected finite scores, got %s for layer %d, KV head %d"
                .formatted(value, index / columns, index % columns));
      }
      values.add(value);
    }
    return values;
  }
}
