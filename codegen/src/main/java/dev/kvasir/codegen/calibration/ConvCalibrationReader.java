package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightType;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a file that may hold anything; {@link ConvCalibration} has the form. */
final class ConvCalibrationReader {
  /** Room for 80 layers of 256 mixed slots of 256 channels with a kernel of 21 in F16. */
  static final int MOST_BYTES = 1 << 30;

  static final String WAY_OUT =
      "'kvasir calibrate conv MODEL --init random --slots N -o %s' writes one"
          .formatted(ConvCalibration.FILE_NAME);

  private static final Pattern WEIGHT =
      Pattern.compile("layer\\.(0|[1-9][0-9]{0,5})\\.lococo\\.(weight|bias|alpha)");

  private final CalibrationFile file;

  ConvCalibrationReader(CalibrationFile file) {
    this.file = file;
  }

  ConvCalibration read() {
    String fingerprint = file.fingerprint(ConvCalibration.KIND);
    String word = file.metadata(CalibrationFile.METHOD);
    ConvMethod method =
        ConvMethod.of(word)
            .orElseThrow(
                () ->
                    file.invalid(
                        "expected method random or trained, got " + CalibrationFile.show(word)));
    long slots =
        file.number(ConvCalibration.SLOTS)
            .orElseThrow(() -> file.invalid("expected metadata slots, got none"));
    if (slots < 1 || slots > Integer.MAX_VALUE) {
      throw file.invalid("expected slots of at least 1, got " + slots);
    }
    SortedSet<Integer> layers = new TreeSet<>();
    for (String name : file.names()) {
      Matcher matcher = WEIGHT.matcher(name);
      if (matcher.matches()) {
        layers.add(Integer.parseInt(matcher.group(1)));
      }
    }
    if (layers.isEmpty()) {
      throw file.invalid("expected a tensor layer.0.lococo.weight or of another layer, got none");
    }
    Map<String, Weight> weights = new TreeMap<>();
    for (int layer : layers) {
      addLayer(layer, slots, weights);
    }
    return new ConvCalibration(
        file.place(),
        fingerprint,
        method,
        file.number(CalibrationFile.SEED),
        Math.toIntExact(slots),
        weights);
  }

  private void addLayer(int layer, long slots, Map<String, Weight> weights) {
    Weight weight = weight(FoldRowsOp.name(layer, ConvCalibration.WEIGHT));
    List<Long> shape = weight.shape();
    boolean sound =
        shape.size() == 3
            && shape.getFirst() >= 1
            && shape.getFirst() <= slots
            && shape.get(1) >= 1
            && shape.getLast() % 2 == 1
            && shape.getLast() <= Fold.LARGEST_KERNEL;
    if (!sound) {
      throw file.invalid(
          "expected %s as [mixed, channels, kernel], at most %d mixed and an odd kernel of at most"
                  .formatted(weight.name(), slots)
              + " %d, got %s".formatted(Fold.LARGEST_KERNEL, shape));
    }
    Weight bias = weight(FoldRowsOp.name(layer, ConvCalibration.BIAS));
    requireShape(bias, shape.getFirst());
    Weight alpha = weight(FoldRowsOp.name(layer, ConvCalibration.ALPHA));
    requireShape(alpha, 1);
    for (Weight one : List.of(weight, bias, alpha)) {
      weights.put(one.name(), one);
    }
  }

  private Weight weight(String name) {
    SafetensorsTensor tensor =
        file.tensor(name)
            .orElseThrow(() -> file.invalid("expected a tensor %s, got none".formatted(name)));
    if (tensor.type() != SafetensorsType.F32 && tensor.type() != SafetensorsType.F16) {
      throw file.invalid("expected %s as F32 or F16, got %s".formatted(name, tensor.type()));
    }
    WeightType type = tensor.type() == SafetensorsType.F32 ? WeightType.F32 : WeightType.F16;
    Weight weight = new Weight(name, type, tensor.shape(), tensor.data());
    for (long index = 0; index < weight.elements(); index++) {
      if (!Float.isFinite(weight.floatAt(index))) {
        throw file.invalid(
            "expected finite weights, got %s in %s at %d"
                .formatted(weight.floatAt(index), name, index));
      }
    }
    return weight;
  }

  private void requireShape(Weight weight, long extent) {
    if (!weight.shape().equals(List.of(extent))) {
      throw file.invalid(
          "expected %s as [%d], got %s".formatted(weight.name(), extent, weight.shape()));
    }
  }
}
