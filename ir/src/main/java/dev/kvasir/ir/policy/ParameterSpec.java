package dev.kvasir.ir.policy;

import java.util.Optional;

/**
 * One parameter of a technique or of a call.
 *
 * @param name the name a policy writes
 * @param type what it accepts
 * @param defaultValue what it is when a policy does not say; without one it is required
 * @param help one line that says what the parameter does, without a full stop
 */
public record ParameterSpec(
    String name, ParameterType type, Optional<ParameterValue> defaultValue, String help) {

  /** A parameter that every use must give. */
  public static ParameterSpec required(String name, ParameterType type, String help) {
    return new ParameterSpec(name, type, Optional.empty(), help);
  }

  /** A parameter with a default, which is not checked against the range. */
  public static ParameterSpec optional(
      String name, ParameterType type, ParameterValue defaultValue, String help) {
    return new ParameterSpec(name, type, Optional.of(defaultValue), help);
  }
}
