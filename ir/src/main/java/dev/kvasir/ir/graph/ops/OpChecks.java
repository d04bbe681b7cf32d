package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.Dim;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Checks that operations share; every message says what was expected and what was found. */
final class OpChecks {
  private OpChecks() {}

  /** The type of an operand that must be rows of f32 of a static width. */
  static TensorType activation(String operand, Value value) {
    if (value.type() instanceof TensorType type
        && type.element() == ElementFormat.F32
        && type.dims().size() == 2
        && type.dims().getLast() instanceof Dim.Static) {
      return type;
    }
    throw mismatch(operand, "f32[rows, width]", value.type());
  }

  static CacheType cache(String operand, Value value) {
    if (value.type() instanceof CacheType type) {
      return type;
    }
    throw mismatch(operand, "a cache", value.type());
  }

  /** The only selected group of a cache. */
  static HeadGroup selected(String operand, CacheType type) {
    return only(operand, type, HeadGroup::isSelected, "chosen rows");
  }

  /** The only folded group of a cache. */
  static HeadGroup folded(String operand, CacheType type) {
    return only(operand, type, HeadGroup::isFolded, "slots");
  }

  private static HeadGroup only(
      String operand, CacheType type, Predicate<HeadGroup> kind, String rows) {
    List<HeadGroup> groups = type.groups().stream().filter(kind).toList();
    if (groups.size() != 1) {
      throw new IllegalArgumentException(
          operand + " must have one group with " + rows + ", got " + type.text());
    }
    return groups.getFirst();
  }

  /** The only group of a cache whose heads are all merged with another layer's. */
  static HeadGroup merged(String operand, CacheType type) {
    if (type.groups().size() != 1 || !type.groups().getFirst().isMerged()) {
      throw new IllegalArgumentException(
          operand + " must have one group with shared rows, got " + type.text());
    }
    return type.groups().getFirst();
  }

  static void type(String operand, Type expected, Value value) {
    if (!value.type().equals(expected)) {
      throw mismatch(operand, expected.text(), value.type());
    }
  }

  static void shape(String attribute, List<Integer> expected, WeightReference weight) {
    if (!weight.shape().equals(expected)) {
      throw new IllegalArgumentException(
          attribute + " must have shape " + expected + ", got " + weight.text());
    }
  }

  static void matrix(String attribute, int inputs, WeightReference weight) {
    if (weight.shape().size() != 2 || weight.shape().getLast() != inputs) {
      throw new IllegalArgumentException(
          attribute + " must have shape [outputs, " + inputs + "], got " + weight.text());
    }
  }

  /** The columns of a row of heads, each at least 1. */
  static int width(int heads, int headDim) {
    long width = (long) heads * headDim;
    if (heads < 1 || headDim < 1 || width > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "heads must fit a row, got " + heads + " heads of " + headDim);
    }
    return (int) width;
  }

  static void positive(String attribute, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(attribute + " must be above 0, got " + value);
    }
  }

  /** The value of an operand that the constructor has checked to be a tensor. */
  static ReferenceTensor tensor(ReferenceValue value) {
    return (ReferenceTensor) value;
  }

  /** x W^T, and a bias on each row if there is one, in double precision. */
  static ReferenceTensor product(
      ReferenceTensor input,
      EvaluationContext context,
      WeightReference matrix,
      Optional<WeightReference> bias) {
    int inputs = input.columns();
    double[] x = input.values();
    double[] weight = context.weight(matrix);
    double[] added = bias.map(context::weight).orElse(new double[0]);
    return ReferenceTensor.of(
        input.rows(),
        matrix.shape().getFirst(),
        (row, output) -> {
          double sum = bias.isPresent() ? added[output] : 0;
          for (int index = 0; index < inputs; index++) {
            sum += x[row * inputs + index] * weight[output * inputs + index];
          }
          return sum;
        });
  }

  /** x / (1 + exp(-x)). */
  static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  private static IllegalArgumentException mismatch(String operand, String expected, Type found) {
    return new IllegalArgumentException(operand + " must be " + expected + ", got " + found.text());
  }
}
