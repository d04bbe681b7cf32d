package dev.kvasir.ir.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The operations that a parser may meet, by name. */
public final class OpCatalog {
  private final Map<String, OpDefinition> definitions = new LinkedHashMap<>();

  /**
   * Lists operations.
   *
   * @throws IllegalArgumentException when two have one name
   */
  public OpCatalog(List<OpDefinition> definitions) {
    for (OpDefinition definition : definitions) {
      if (this.definitions.put(definition.id(), definition) != null) {
        throw new IllegalArgumentException("two operations are named " + definition.id());
      }
    }
  }

  /** {@return the operation of that name, if there is one} */
  public Optional<OpDefinition> find(String id) {
    return Optional.ofNullable(definitions.get(id));
  }

  /** {@return the names, in the order listed} */
  public Set<String> ids() {
    return Collections.unmodifiableSet(definitions.keySet());
  }
}
