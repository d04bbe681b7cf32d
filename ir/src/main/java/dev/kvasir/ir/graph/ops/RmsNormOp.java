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

/**
 * Root mean square normalisation of each row (Zhang and Sennrich, 2019): {@code y[c] = weight[c] *
 * x[c] / sqrt(mean over c of x[c]^2 + epsilon)}.
 *
 * @param input f32[rows, width]; the result has the same type
 * @param weight [width]
 * @param epsilon above 0
 */
public record RmsNormOp(Value input, WeightReference weight, double epsilon) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "rms_norm",
          1,
          1,
          (operands, attributes) ->
              new RmsNormOp(
                  operands.getFirst(), attributes.weight("weight"), attributes.decimal("epsilon")));

  /** Checks types and shapes. */
  public RmsNormOp {
    OpChecks.shape("weight", List.of(OpChecks.activation("input", input).width()), weight);
    OpChecks.positive("epsilon", epsilon);
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
    return Attributes.NONE.with("weight", weight).with("epsilon", epsilon);
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(input.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor x = OpChecks.tensor(operands.getFirst());
    double[] scale = context.weight(weight);
    double[] inverse = new double[x.rows()];
    for (int row = 0; row < x.rows(); row++) {
      double squares = 0;
      for (int column = 0; column < x.columns(); column++) {
        squares += x.at(row, column) * x.at(row, column);
      }
      inverse[row] = 1 / Math.sqrt(squares / x.columns() + epsilon);
    }
    return List.of(
        ReferenceTensor.of(
            x.rows(),
            x.columns(),
            (row, column) -> scale[column] * x.at(row, column) * inverse[row]));
  }
}
