package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * The column of the largest element of each row; of equal ones the lowest.
 *
 * @param input f32[rows, width]; the result is i32[rows]
 */
public record ArgmaxOp(Value input) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition("argmax", 1, 1, (operands, attributes) -> new ArgmaxOp(operands.getFirst()));

  /** Checks types and shapes. */
  public ArgmaxOp {
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
    return List.of(new TensorType(ElementFormat.I32, List.of(type.dims().getFirst())));
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor x = OpChecks.tensor(operands.getFirst());
    return List.of(
        ReferenceTensor.of(
            x.rows(),
            1,
            (row, ignored) -> {
              int best = 0;
              for (int column = 1; column < x.columns(); column++) {
                if (x.at(row, column) > x.at(row, best)) {
                  best = column;
                }
              }
              return best;
            }));
  }
}
