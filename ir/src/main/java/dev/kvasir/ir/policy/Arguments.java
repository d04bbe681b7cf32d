package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The parameter values of one technique use, every parameter of the technique present, in the order
 * of its specification.
 *
 * @param values the values by parameter name
 */
public record Arguments(Map<String, ParameterValue> values) {
  /** Copies the values, keeping their order. */
  public Arguments {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /**
   * The value of a parameter.
   *
   * @throws CompilerBug if the technique has no such parameter
   */
  public ParameterValue get(String parameter) {
    ParameterValue value = values.get(parameter);
    if (value == null) {
      throw new CompilerBug("no parameter " + parameter + " among " + values.keySet());
    }
    return value;
  }

  /**
   * The value of a whole-number parameter.
   *
   * @throws CompilerBug if there is no such parameter, or it is no whole number
   */
  public long integer(String parameter) {
    return typed(parameter, ParameterValue.IntegerValue.class).value();
  }

  /**
   * The value of a parameter that is one of some names.
   *
   * @throws CompilerBug if there is no such parameter, or it is no name
   */
  public String name(String parameter) {
    return typed(parameter, ParameterValue.NameValue.class).name();
  }

  /**
   * The value of a parameter that is a set of layers or KV heads.
   *
   * @throws CompilerBug if there is no such parameter, or it is no set
   */
  public ParameterValue.SetValue set(String parameter) {
    return typed(parameter, ParameterValue.SetValue.class);
  }

  /**
   * The value of a parameter that is a quantised format.
   *
   * @throws CompilerBug if there is no such parameter, or it is no quantised format
   */
  public QuantisedFormat quantised(String parameter) {
    return typed(parameter, ParameterValue.QuantisedValue.class).format();
  }

  private <T extends ParameterValue> T typed(String parameter, Class<T> type) {
    ParameterValue value = get(parameter);
    if (!type.isInstance(value)) {
      throw new CompilerBug(parameter + " must be a " + type.getSimpleName() + ", is " + value);
    }
    return type.cast(value);
  }
}
