package dev.kvasir.ir.policy;

import dev.kvasir.ir.type.QuantisedFormat;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The value of a parameter: typed, in range, no name left that stands for something else. */
public sealed interface ParameterValue {

  /** A whole number. */
  record IntegerValue(long value) implements ParameterValue {}

  /** A number, without trailing zeros. */
  record DecimalValue(BigDecimal value) implements ParameterValue {
    /** Drops trailing zeros, so that equal numbers are equal values. */
    public DecimalValue {
      value = value.stripTrailingZeros();
    }
  }

  /** A share; {@code 12.5%} has the value 12.5. */
  record PercentValue(BigDecimal value) implements ParameterValue {
    /** Drops trailing zeros, so that equal shares are equal values. */
    public PercentValue {
      value = value.stripTrailingZeros();
    }
  }

  /** An amount of memory in bytes. */
  record BytesValue(long bytes) implements ParameterValue {}

  /** A name out of the names that the parameter allows. */
  record NameValue(String name) implements ParameterValue {}

  /** A string. */
  record StringValue(String value) implements ParameterValue {}

  /** A list, in the order written. */
  record ListValue(List<ParameterValue> elements) implements ParameterValue {
    /** Copies the elements. */
    public ListValue {
      elements = List.copyOf(elements);
    }
  }

  /** A call with all its arguments by name, in the order of its parameters, defaults included. */
  record CallValue(String name, Map<String, ParameterValue> arguments) implements ParameterValue {
    /** Copies the arguments, keeping their order. */
    public CallValue {
      arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }
  }

  /** How elements are quantised, defaults filled in. */
  record QuantisedValue(QuantisedFormat format) implements ParameterValue {}

  /**
   * An explicit set of layers or KV heads.
   *
   * @param axis {@code LAYERS} if the set is made of whole layers
   * @param heads the members; under {@code LAYERS}, all KV heads of each layer
   * @param choice how they were chosen where the policy names none
   */
  record SetValue(TargetAxis axis, HeadSet heads, Optional<CalibratedChoice> choice)
      implements ParameterValue {
    /** A set whose members the policy names. */
    public SetValue(TargetAxis axis, HeadSet heads) {
      this(axis, heads, Optional.empty());
    }
  }
}
