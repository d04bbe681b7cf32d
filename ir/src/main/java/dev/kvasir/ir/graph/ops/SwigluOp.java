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
 * SwiGLU without its products (Shazeer, 2020): {@code y = silu(gate) * up}, element by element,
 * with {@code silu(a) = a / (1 + exp(-a))}.
 *
 * @param gate f32[rows, width]
 * @param up the same type, which is also that of the result
 */
public record SwigluOp(Value gate, Value up) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "swiglu",
          2,
          2,
          (operands, attributes) -> new SwigluOp(operands.getFirst(), operands.getLast()));

  /** Checks types and shapes. */
  public SwigluOp {
    OpChecks.type("up", OpChecks.activation("gate", gate), up);
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return List.of(gate, up);
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE;
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(gate.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor gates = OpChecks.tensor(operands.getFirst());
    ReferenceTensor lifted = OpChecks.tensor(operands.getLast());
    return List.of(
        ReferenceTensor.of(
            gates.rows(),
            gates.columns(),
            (row, column) -> OpChecks.silu(gates.at(row, column)) * lifted.at(row, column)));
  }
}
