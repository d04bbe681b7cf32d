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
import java.util.Optional;

/**
 * Two products of one input and their SwiGLU: {@code y = silu(x G^T + g) * (x U^T + u)} with {@code
 * silu(a) = a / (1 + exp(-a))}; the biases g and u may be absent.
 *
 * @param input x, f32[rows, inputs]
 * @param gate G, [outputs, inputs]
 * @param up U, [outputs, inputs]; the result is f32[rows, outputs]
 * @param gateBias g, [outputs]
 * @param upBias u, [outputs]
 */
public record GatedLinearOp(
    Value input,
    WeightReference gate,
    WeightReference up,
    Optional<WeightReference> gateBias,
    Optional<WeightReference> upBias)
    implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "gated_linear",
          1,
          1,
          (operands, attributes) ->
              new GatedLinearOp(
                  operands.getFirst(),
                  attributes.weight("gate"),
                  attributes.weight("up"),
                  attributes.optionalWeight("gate_bias"),
                  attributes.optionalWeight("up_bias")));

  /** Checks types and shapes. */
  public GatedLinearOp {
    OpChecks.matrix("gate", OpChecks.activation("input", input).width(), gate);
    OpChecks.shape("up", gate.shape(), up);
    List<Integer> outputs = gate.shape().subList(0, 1);
    gateBias.ifPresent(bias -> OpChecks.shape("gate_bias", outputs, bias));
    upBias.ifPresent(bias -> OpChecks.shape("up_bias", outputs, bias));
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
        .with("gate", gate)
        .with("up", up)
        .with("gate_bias", gateBias)
        .with("up_bias", upBias);
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(OpChecks.activation("input", input).withWidth(gate.shape().getFirst()));
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor x = OpChecks.tensor(operands.getFirst());
    ReferenceTensor gated = OpChecks.product(x, context, gate, gateBias);
    ReferenceTensor lifted = OpChecks.product(x, context, up, upBias);
    return List.of(
        ReferenceTensor.of(
            x.rows(),
            gated.columns(),
            (row, column) -> OpChecks.silu(gated.at(row, column)) * lifted.at(row, column)));
  }
}
