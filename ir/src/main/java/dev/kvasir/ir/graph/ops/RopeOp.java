package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.model.RopeConfig;
import dev.kvasir.ir.model.RopeScaling;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Rotary position embedding (Su et al., 2021) with half-split pairs: of each head, elements {@code
 * i} and {@code i + rotary / 2} turn by the angle {@code p * f_i} at true position p, with {@code
 * f_i = theta^(-2 i / rotary)}, scaled where the text has a factor:
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
 * @param rope the frequencies, and how many leading elements of a head turn: at most {@code
 *     headDim}
 */
public record RopeOp(Value input, int heads, int headDim, RopeConfig rope) implements Op {
  private static final String FACTOR = "factor";
  private static final String LOW = "low_freq_factor";
  private static final String HIGH = "high_freq_factor";
  private static final String ORIGINAL = "original_positions";

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
                  new RopeConfig(
                      attributes.decimal("theta"),
                      rotary(attributes.integer("rotary"), attributes.integer("head_dim")),
                      scaling(attributes))));

  /** Checks types and shapes. */
  public RopeOp {
    TensorType type = OpChecks.activation("input", input);
    OpChecks.positive("heads", heads);
    rotary(rope.rotaryDimensions(), headDim);
    OpChecks.type("input", type.withWidth(OpChecks.width(heads, headDim)), input);
  }

  private static int rotary(int rotary, int headDim) {
    if (rotary < 2 || rotary % 2 != 0 || rotary > headDim) {
      throw new IllegalArgumentException(
          "rotary must be even and at most " + headDim + ", got " + rotary);
    }
    return rotary;
  }

  private static RopeScaling scaling(Attributes attributes) {
    OptionalDouble factor = attributes.optionalDecimal(FACTOR);
    if (factor.isEmpty()) {
      return RopeScaling.NONE;
    }
    return attributes.optionalDecimal(LOW).isEmpty()
        ? new RopeScaling.Linear(factor.getAsDouble())
        : new RopeScaling.Llama3(
            factor.getAsDouble(),
            attributes.decimal(LOW),
            attributes.decimal(HIGH),
            attributes.integer(ORIGINAL));
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
    Attributes plain =
        Attributes.NONE
            .with("heads", heads)
            .with("head_dim", headDim)
            .with("rotary", rope.rotaryDimensions())
            .with("theta", rope.theta());
    return switch (rope.scaling()) {
      case RopeScaling.None _ -> plain;
      case RopeScaling.Linear linear -> plain.with(FACTOR, linear.factor());
      case RopeScaling.Llama3 llama ->
          plain
              .with(FACTOR, llama.factor())
              .with(LOW, llama.lowFrequencyFactor())
              .with(HIGH, llama.highFrequencyFactor())
              .with(ORIGINAL, llama.originalPositions());
    };
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(input.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor x = OpChecks.tensor(operands.getFirst());
    int rotary = rope.rotaryDimensions();
    int half = rope.pairs();
    return List.of(
        ReferenceTensor.of(
            x.rows(),
            x.columns(),
            (row, column) -> {
              int element = column % headDim;
              if (element >= rotary) {
                return x.at(row, column);
              }
              double angle = (context.firstPosition() + row) * rope.frequency(element % half);
              return element < half
                  ? x.at(row, column) * Math.cos(angle) - x.at(row, column + half) * Math.sin(angle)
                  : x.at(row, column) * Math.cos(angle)
                      + x.at(row, column - half) * Math.sin(angle);
            }));
  }
}
