package dev.kvasir.ir.graph;

import dev.kvasir.ir.type.Type;

/**
 * A value of a graph: a parameter or a result of an operation, defined once.
 *
 * @param index place in the order of definition: parameters first, then results, from 0
 * @param name unique in its graph; letters, digits, dots and underscores. A value without a name of
 *     its own is named by its index
 * @param type what it holds
 */
public record Value(int index, String name, Type type) {
  /** The value as IR text refers to it, for example {@code %layer.0.q}. */
  @Override
  public String toString() {
    return "%" + name;
  }
}
