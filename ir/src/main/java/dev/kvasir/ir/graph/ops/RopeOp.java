package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * Rotary position embedding (Su et al., 2021) with half-split pairs: of each head, elements {@code
 * i} and {@code i + rotary / 2} turn by the angle {@code p * theta^(-2 i / rotary)} at true
 * position p:
 *
 * <pre>{@code
 * y[i]              = x[i] cos - x[i + rotary / 2] sin          0 <= i < rotary / 2
 * y[i + rotary / 2] = x[i + rotary / 2] cos + x[i] sin
 * y[i]              = x[i]                                      rotary <= i < headDim
 * }</pre>
 *
 * @param input f32[rows, heads * headDim]; the result has the same type
 * @param heads number of heads in a row
 * @param headDim elements of a head
 * @param rotary leading elements of a head that turn, even, at most {@code headDim}
 * @param theta base of the frequencies, above 0
 */
public record RopeOp(Value input, int heads, int headDim, int rotary, double theta) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "rope",
          1,
          1,
          (operands, attributes) ->
              new RopeOp(
                  operands.getFirst(),
                  attributes.integer("heads"),
                  attributes.integer("head_dim"),
                  attributes.integer("rotary"),
                  attributes.decimal("theta")));

  /** Checks types and shapes. */
  public RopeOp {
    TensorType type = OpChecks.activation("input", input);
    OpChecks.positive("heads", heads);
    OpChecks.positive("rotary", rotary);
    OpChecks.positive("theta", theta);
    if (rotary % 2 != 0 || rotary > headDim) {
      throw new IllegalArgumentException(
          "rotary must be even and at most " + headDim + ", got " + rotary);
    }
    OpChecks.type("input", type.withWidth(OpChecks.width(heads, headDim)), input);
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
        .with("heads", heads)
        .with("head_dim", headDim)
        .with("rotary", rotary)
        .with("theta", theta);
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(input.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor x = OpChecks.tensor(operands.getFirst());
    int half = rotary / 2;
    return List.of(
        ReferenceTensor.of(
            x.rows(),
            x.columns(),
            (row, column) -> {
              int element = column % headDim;
              if (element >= rotary) {
                return x.at(row, column);
              }
              double frequency = Math.pow(theta, -2.0 * (element % half) / rotary);
              double angle = (context.firstPosition() + row) * frequency;
              return element < half
                  ? x.at(row, column) * Math.cos(angle) - x.at(row, column + half) * Math.sin(angle)
                  : x.at(row, column) * Math.cos(angle)
                      + x.at(row, column - half) * Math.sin(angle);
            }));
  }
}
