package dev.kvasir.ir.graph;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A named weight of the model, or a tensor derived from one.
 *
 * <p>Text: {@code @model.norm.weight[128]}.
 *
 * @param name the tensor's name in the model's files; letters, digits, dots and underscores
 * @param shape extents, row-major; a matrix is [outputs, inputs]
 */
public record WeightReference(String name, List<Integer> shape) {
  /** Copies the shape. */
  public WeightReference {
    shape = List.copyOf(shape);
    if (!name.matches("[A-Za-z_][A-Za-z0-9_.]*")) {
      throw new IllegalArgumentException("not a weight name: " + name);
    }
    if (shape.isEmpty() || shape.stream().anyMatch(extent -> extent < 1)) {
      throw new IllegalArgumentException(
          "weight " + name + " needs extents of at least 1, got " + shape);
    }
  }

  /** {@return a vector} */
  public static WeightReference vector(String name, int size) {
    return new WeightReference(name, List.of(size));
  }

  /** {@return a matrix of [outputs, inputs]} */
  public static WeightReference matrix(String name, int outputs, int inputs) {
    return new WeightReference(name, List.of(outputs, inputs));
  }

  /** {@return number of elements} */
  public int size() {
    return shape.stream().reduce(1, Math::multiplyExact);
  }

  /** {@return the canonical text} */
  public String text() {
    return "@"
        + name
        + shape.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
  }
}
