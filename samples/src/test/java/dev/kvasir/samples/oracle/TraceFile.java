package dev.kvasir.samples.oracle;

import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A file that {@code kvasir trace} wrote. */
final class TraceFile implements AutoCloseable {
  private final Arena arena = Arena.ofConfined();
  private final SafetensorsFile file;

  TraceFile(Path path) throws IOException {
    file = SafetensorsFile.open(path, arena);
  }

  @Override
  public void close() {
    arena.close();
  }

  /**
   * A tensor, flat.
   *
   * @param shape outermost first
   */
  record Values(List<Integer> shape, double[] flat) {
    /** {@return the last axis at these indices of the others} */
    double[] row(int... indices) {
      int dim = shape.getLast();
      int start = 0;
      for (int axis = 0; axis < indices.length; axis++) {
        start = start * shape.get(axis) + indices[axis];
      }
      return Arrays.copyOfRange(flat, start * dim, (start + 1) * dim);
    }
  }

  String metadata(String key) {
    return Optional.ofNullable(file.metadata().get(key))
        .orElseThrow(() -> new AssertionError("a trace without metadata " + key));
  }

  boolean has(String name) {
    return file.tensor(name).isPresent();
  }

  Values values(String name) {
    SafetensorsTensor tensor =
        file.tensor(name).orElseThrow(() -> new AssertionError("a trace without " + name));
    double[] flat = new double[Math.toIntExact(tensor.elements())];
    for (int index = 0; index < flat.length; index++) {
      flat[index] =
          tensor.type().floating() ? tensor.floatAt(index) : (double) tensor.integerAt(index);
    }
    return new Values(tensor.shape().stream().map(Math::toIntExact).toList(), flat);
  }

  /** {@return a tensor of whole numbers} */
  int[] integers(String name) {
    return Arrays.stream(values(name).flat()).mapToInt(value -> (int) value).toArray();
  }

  /** {@return how many layers have a first step} */
  int layers() {
    int layers = 0;
    while (has("layer." + layers + ".step.0.q")) {
      layers++;
    }
    return layers;
  }

  /** {@return how many steps the first layer has} */
  int steps() {
    int steps = 0;
    while (has("layer.0.step." + steps + ".q")) {
      steps++;
    }
    return steps;
  }
}
