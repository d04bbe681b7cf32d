package dev.kvasir.benchmarks.suite;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One benchmark with all of its parameters.
 *
 * @param benchmark simple name of the class
 * @param parameters by name
 * @param flags of the Java virtual machine beyond those that the kernels need; empty for none
 */
record Case(String benchmark, SortedMap<String, String> parameters, String flags) {

  static Case of(String benchmark, Object... namesAndValues) {
    SortedMap<String, String> parameters = new TreeMap<>();
    parameters.put("threads", "1");
    for (int i = 0; i < namesAndValues.length; i += 2) {
      parameters.put(namesAndValues[i].toString(), namesAndValues[i + 1].toString());
    }
    return new Case(benchmark, parameters, "");
  }

  Case with(String name, Object value) {
    SortedMap<String, String> changed = new TreeMap<>(parameters);
    changed.put(name, value.toString());
    return new Case(benchmark, changed, flags);
  }

  Case withFlags(String others) {
    return new Case(benchmark, parameters, others);
  }

  /** {@return the value of a parameter; empty when the benchmark has none of that name} */
  String get(String name) {
    return parameters.getOrDefault(name, "");
  }

  /** {@return the value of a parameter that is a number} */
  int number(String name) {
    return Integer.parseInt(get(name));
  }

  /** {@return the case in a few words, unique in a run} */
  String text() {
    StringBuilder text = new StringBuilder(benchmark);
    for (Map.Entry<String, String> parameter : parameters.entrySet()) {
      text.append(' ').append(parameter.getKey()).append('=').append(parameter.getValue());
    }
    return (flags.isEmpty() ? text : text.append(' ').append(flags)).toString();
  }
}
