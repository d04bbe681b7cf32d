package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.Dim;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * Row lookup: {@code y[i] = weight[tokens[i]]}.
 *
 * @param tokens token ids, i32[rows], each in 0 .. vocabulary - 1
 * @param weight [vocabulary, hidden]; the result is f32[rows, hidden]
 */
public record EmbedOp(Value tokens, WeightReference weight) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "embed",
          1,
          1,
          (operands, attributes) -> new EmbedOp(operands.getFirst(), attributes.weight("weight")));

  /** Checks types and shapes. */
  public EmbedOp {
    OpChecks.type("tokens", new TensorType(ElementFormat.I32, List.of(Dim.ROWS)), tokens);
    if (weight.shape().size() != 2) {
      throw new IllegalArgumentException(
          "weight must have shape [vocabulary, hidden], got " + weight.text());
    }
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return List.of(tokens);
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE.with("weight", weight);
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(TensorType.activation(weight.shape().getLast()));
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor ids = OpChecks.tensor(operands.getFirst());
    double[] table = context.weight(weight);
    int hidden = weight.shape().getLast();
    return List.of(
        ReferenceTensor.of(
            ids.rows(), hidden, (row, column) -> table[((int) ids.at(row, 0)) * hidden + column]));
  }
}
