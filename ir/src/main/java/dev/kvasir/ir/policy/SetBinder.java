package dev.kvasir.ir.policy;

import java.util.Map;

/** What a technique's parameters say about the sets it binds. */
@FunctionalInterface
public interface SetBinder {
  /**
   * The sets of one use.
   *
   * @param arguments the resolved parameters of the use
   * @param facts the model
   * @return a set for every name that the technique declares to bind
   */
  Map<String, NamedSet> bind(Arguments arguments, ModelFacts facts);
}
