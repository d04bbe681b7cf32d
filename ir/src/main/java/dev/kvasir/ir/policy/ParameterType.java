package dev.kvasir.ir.policy;

import java.math.BigDecimal;
import java.util.List;

/** What values a parameter accepts, ranges included. */
public sealed interface ParameterType {

  /** A whole number from {@code minimum} to {@code maximum}; {@link Long#MAX_VALUE} is no bound. */
  record IntegerType(long minimum, long maximum) implements ParameterType {}

  /** A number of cache rows, from {@code minimum} to the longest context of the model. */
  record RowCountType(int minimum) implements ParameterType {}

  /** A number with or without a decimal point, from {@code minimum} to {@code maximum}. */
  record DecimalType(BigDecimal minimum, BigDecimal maximum) implements ParameterType {}

  /** A share in percent, from {@code minimum} to {@code maximum}, both in percent. */
  record PercentType(BigDecimal minimum, BigDecimal maximum) implements ParameterType {}

  /** An amount of memory in bytes, from {@code minimum} to {@code maximum}. */
  record BytesType(long minimum, long maximum) implements ParameterType {}

  /** One of these names. */
  record ChoiceType(List<String> allowed) implements ParameterType {
    /** Copies the names. */
    public ChoiceType {
      allowed = List.copyOf(allowed);
    }
  }

  /** A quoted string. */
  record StringType() implements ParameterType {}

  /** A list whose elements all have one type. */
  record ListType(ParameterType element) implements ParameterType {}

  /** One of these calls; one whose parameters all have defaults may be written without brackets. */
  record CallType(List<CallShape> shapes) implements ParameterType {
    /** Copies the shapes. */
    public CallType {
      shapes = List.copyOf(shapes);
    }
  }

  /** A value of the first of these types that accepts it. */
  record EitherType(List<ParameterType> alternatives) implements ParameterType {
    /** Copies the alternatives. */
    public EitherType {
      alternatives = List.copyOf(alternatives);
    }
  }

  /**
   * A set of layers ({@code [1, 3]}) or of KV heads ({@code [head(1, 0)]}), as another parameter of
   * the technique says; empty lists are allowed. A percentage, 0 to 100, is that share of all,
   * chosen by {@link HeadScores}: {@link HeadScores#topLayers} or {@link HeadScores#topHeads}.
   *
   * @param axisParameter the name of a parameter that is {@code layer} or {@code head} and stands
   *     before this one in the technique's list
   */
  record LayerOrHeadSetType(String axisParameter) implements ParameterType {}

  /**
   * How elements are quantised: {@code int8} or {@code int4}, with or without {@code (per = channel
   * | token, group = n)}. The group is by default 64 rows per channel; per token 32 channels, or 16
   * where 32 do not divide the head dimension.
   *
   * @param perChannel whether groups may run along channels, which then is the default; else they
   *     run along the elements of a row
   */
  record QuantisedFormatType(boolean perChannel) implements ParameterType {}

  /**
   * A name with parameters, such as {@code int8(per, group)}.
   *
   * @param name the name before the brackets
   * @param parameters in the order of positional arguments
   */
  record CallShape(String name, List<ParameterSpec> parameters) {
    /** Copies the parameters. */
    public CallShape {
      parameters = List.copyOf(parameters);
    }
  }

  /** A whole number of at least {@code minimum}. */
  static ParameterType integerAtLeast(long minimum) {
    return new IntegerType(minimum, Long.MAX_VALUE);
  }

  /** A share from 0% to 100%. */
  static ParameterType percent() {
    return new PercentType(BigDecimal.ZERO, BigDecimal.valueOf(100));
  }

  /** One of these names. */
  static ParameterType choice(String... allowed) {
    return new ChoiceType(List.of(allowed));
  }
}
