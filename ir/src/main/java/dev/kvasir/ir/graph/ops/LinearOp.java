package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;
import java.util.Optional;

/**
 * Dense product: {@code y = x W^T + bias + residual}, where the last two may be absent.
 *
 * @param input x, f32[rows, inputs]
 * @param residual f32[rows, outputs], added to the product
 * @param weight W, [outputs, inputs]; the result is f32[rows, outputs]
 * @param bias [outputs], added to each row
 */
public record LinearOp(
    Value input, Optional<Value> residual, WeightReference weight, Optional<WeightReference> bias)
    implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "linear",
          1,
          2,
          (operands, attributes) ->
              new LinearOp(
                  operands.getFirst(),
                  operands.stream().skip(1).findFirst(),
                  attributes.weight("weight"),
                  attributes.optionalWeight("bias")));

  /** Checks types and shapes. */
  public LinearOp {
    TensorType type = OpChecks.activation("input", input);
    OpChecks.matrix("weight", type.width(), weight);
    TensorType result = type.withWidth(weight.shape().getFirst());
    residual.ifPresent(value -> OpChecks.type("residual", result, value));
    bias.ifPresent(added -> OpChecks.shape("bias", List.of(result.width()), added));
  }

  /** A product without bias and residual. */
  public LinearOp(Value input, WeightReference weight) {
    this(input, Optional.empty(), weight, Optional.empty());
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return residual.map(value -> List.of(input, value)).orElse(List.of(input));
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE.with("weight", weight).with("bias", bias);
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(OpChecks.activation("input", input).withWidth(weight.shape().getFirst()));
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor product =
        OpChecks.product(OpChecks.tensor(operands.getFirst()), context, weight, bias);
    if (residual.isEmpty()) {
      return List.of(product);
    }
    ReferenceTensor added = OpChecks.tensor(operands.getLast());
    return List.of(
        ReferenceTensor.of(
            product.rows(),
            product.columns(),
            (row, column) -> product.at(row, column) + added.at(row, column)));
  }
}
