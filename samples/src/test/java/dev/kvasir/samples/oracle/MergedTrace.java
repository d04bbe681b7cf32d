package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.TraceFile.Values;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a trace shows at its end of a layer that shares rows, each tensor read once. */
final class MergedTrace {
  private static final int SHARED = 0;
  private static final int RETAINED = 1;

  private final TraceFile file;
  private final int layer;
  private final Map<String, Values> read = new HashMap<>();

  MergedTrace(TraceFile file, int layer) {
    this.file = file;
    this.layer = layer;
  }

  private Values values(int segment, String name) {
    return read.computeIfAbsent("layer." + layer + ".cache." + segment + "." + name, file::values);
  }

  /** {@return the positions that keep their originals, ascending} */
  List<Integer> retained(int head) {
    double[] positions = values(RETAINED, "position").row(head);
    List<Integer> retained =
        Arrays.stream(positions)
            .filter(position -> position != CacheCheck.EMPTY)
            .mapToObj(position -> (int) position)
            .toList();
    TraceOracle.require(
        retained.equals(retained.stream().sorted().distinct().toList()),
        this + ", head " + head + " retains rows in ascending order");
    return retained;
  }

  /** {@return the name of what a step says is kept} */
  String kept(int step) {
    return "layer." + layer + ".step." + step + ".kept";
  }

  int position(int head, int row) {
    return (int) values(SHARED, "position").row(head)[row];
  }

  double[] key(int head, int row) {
    return values(SHARED, "k").row(head, row);
  }

  double[] value(int head, int row) {
    return values(SHARED, "v").row(head, row);
  }

  double keyNorm(int head, int row) {
    return values(SHARED, "scale_k").row(head)[row];
  }

  double valueNorm(int head, int row) {
    return values(SHARED, "scale_v").row(head)[row];
  }

  boolean isCoded(int row) {
    return file.has("layer." + layer + ".cache." + SHARED + ".codes_k")
        && row < values(SHARED, "codes_k").shape().get(1);
  }

  double[] keyCodes(int head, int row) {
    return values(SHARED, "codes_k").row(head, row);
  }

  double[] valueCodes(int head, int row) {
    return values(SHARED, "codes_v").row(head, row);
  }

  @Override
  public String toString() {
    return "shared rows of layer " + layer;
  }
}
