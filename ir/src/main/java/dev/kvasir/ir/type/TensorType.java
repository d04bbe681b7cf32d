package dev.kvasir.ir.type;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A dense tensor, row-major. Activations are {@code [rows, width]}, with the heads of a row side by
 * side: element c of head h is column {@code h * headDim + c}.
 *
 * <p>Text: {@code f32[rows, 128]}.
 *
 * @param element how an element is stored
 * @param dims one or two extents
 */
public record TensorType(ElementFormat element, List<Dim> dims) implements Type {

  /** Copies the extents. */
  public TensorType {
    dims = List.copyOf(dims);
    if (dims.isEmpty() || dims.size() > 2) {
      throw new IllegalArgumentException("a tensor has 1 or 2 extents, got " + dims.size());
    }
  }

  /** {@return the type of an activation, {@code f32[rows, width]}} */
  public static TensorType activation(int width) {
    return new TensorType(ElementFormat.F32, List.of(Dim.ROWS, Dim.of(width)));
  }

  /**
   * {@return the last extent}
   *
   * @throws IllegalStateException when it is not static
   */
  public int width() {
    return switch (dims.getLast()) {
      case Dim.Static(int extent) -> extent;
      case Dim.Symbolic(String name) ->
          throw new IllegalStateException("the width of " + text() + " is symbolic: " + name);
    };
  }

  /** {@return this type with another last extent} */
  public TensorType withWidth(int width) {
    return new TensorType(element, List.of(dims.getFirst(), Dim.of(width)));
  }

  @Override
  public String text() {
    return element.text()
        + dims.stream().map(Dim::text).collect(Collectors.joining(", ", "[", "]"));
  }
}
