package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.Dim;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * The last row of the span, the only one whose logits are wanted: {@code y[0] = x[rows - 1]}.
 *
 * @param input f32[rows, width]; the result is f32[1, width]
 */
public record LastRowOp(Value input) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "last_row", 1, 1, (operands, attributes) -> new LastRowOp(operands.getFirst()));

  /** Checks types and shapes. */
  public LastRowOp {
    OpChecks.activation("input", input);
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
    return Attributes.NONE;
  }

  @Override
  public List<Type> resultTypes() {
    TensorType type = OpChecks.activation("input", input);
    return List.of(new TensorType(type.element(), List.of(Dim.of(1), type.dims().getLast())));
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor x = OpChecks.tensor(operands.getFirst());
    return List.of(
        context.everyRow() ? x : new ReferenceTensor(1, x.columns(), x.row(x.rows() - 1)));
  }
}
