package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.Type;
import java.util.List;
import java.util.OptionalInt;

/**
 * Root mean square normalisation of each head of each row (Zhang and Sennrich, 2019): {@code y[c] =
 * weight[c] * x[c] / sqrt(mean over c of x[c]^2 + epsilon)}, c within a head. The norms of a hidden
 * row are those of one head as wide as the row.
 *
 * @param input f32[rows, heads * width]; the result has the same type
 * @param heads number of heads in a row, 1 unless the text says otherwise
 * @param weight [width], the same for all heads
 * @param epsilon above 0
 */
public record RmsNormOp(Value input, int heads, WeightReference weight, double epsilon)
    implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "rms_norm",
          1,
          1,
          (operands, attributes) ->
              new RmsNormOp(
                  operands.getFirst(),
                  attributes.optionalInteger("heads").orElse(1),
                  attributes.weight("weight"),
                  attributes.decimal("epsilon")));

  /** Checks types and shapes. */
  public RmsNormOp {
    int width = OpChecks.activation("input", input).width();
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException("heads must divide a row of " + width + ", got " + heads);
    }
    OpChecks.shape("weight", List.of(width / heads), weight);
    OpChecks.positive("epsilon", epsilon);
  }

  /** The norm of whole rows. */
  public RmsNormOp(Value input, WeightReference weight, double epsilon) {
    this(input, 1, weight, epsilon);
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return List.of(input);
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE
        .with("heads", heads == 1 ? OptionalInt.empty() : OptionalInt.of(heads))
        .with("weight", weight)
        .with("epsilon", epsilon);
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(input.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor x = OpChecks.tensor(operands.getFirst());
    double[] scale = context.weight(weight);
    int width = x.columns() / heads;
    double[] inverse = new double[x.rows() * heads];
    for (int row = 0; row < x.rows(); row++) {
      for (int head = 0; head < heads; head++) {
        double squares = 0;
        for (int column = head * width; column < (head + 1) * width; column++) {
          squares += x.at(row, column) * x.at(row, column);
        }
        inverse[row * heads + head] = 1 / Math.sqrt(squares / width + epsilon);
      }
    }
    return List.of(
        ReferenceTensor.of(
            x.rows(),
            x.columns(),
            (row, column) ->
                scale[column % width] * x.at(row, column) * inverse[row * heads + column / width]));
  }
}
