package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * Sum, element by element: {@code y = left + right}.
 *
 * @param left f32[rows, width]
 * @param right the same type, which is also that of the result
 */
public record AddOp(Value left, Value right) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "add",
          2,
          2,
          (operands, attributes) -> new AddOp(operands.getFirst(), operands.getLast()));

  /** Checks types and shapes. */
  public AddOp {
    OpChecks.type("right", OpChecks.activation("left", left), right);
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return List.of(left, right);
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE;
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(left.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor first = OpChecks.tensor(operands.getFirst());
    ReferenceTensor second = OpChecks.tensor(operands.getLast());
    return List.of(
        ReferenceTensor.of(
            first.rows(),
            first.columns(),
            (row, column) -> first.at(row, column) + second.at(row, column)));
  }
}
