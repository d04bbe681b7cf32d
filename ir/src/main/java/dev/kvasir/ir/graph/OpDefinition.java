package dev.kvasir.ir.graph;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * An operation as the catalog knows it: how to make one from its generic form.
 *
 * @param id the name in IR text; lower-case letters, digits and underscores
 * @param minimumOperands fewest operands
 * @param maximumOperands most operands
 * @param factory makes the operation; the number of operands is checked already
 */
public record OpDefinition(String id, int minimumOperands, int maximumOperands, Factory factory) {

  /** Makes an operation from operands and attributes. */
  @FunctionalInterface
  public interface Factory {
    /**
     * {@return the operation}
     *
     * @throws IllegalArgumentException when operands or attributes do not fit
     */
    Op create(List<Value> operands, Attributes attributes);
  }

  /**
   * {@return the operation with these operands and attributes}
   *
   * @throws IllegalArgumentException when they do not fit or there are too many
   */
  public Op create(List<Value> operands, Attributes attributes) {
    if (operands.size() < minimumOperands || operands.size() > maximumOperands) {
      throw new IllegalArgumentException(
          "needs "
              + (minimumOperands == maximumOperands
                  ? minimumOperands
                  : minimumOperands + " to " + maximumOperands)
              + " operands, got "
              + operands.size());
    }
    Op op = factory.create(operands, attributes);
    Set<String> unknown = new HashSet<>(attributes.values().keySet());
    unknown.removeAll(op.attributes().values().keySet());
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException("has no attribute " + unknown.iterator().next());
    }
    return op;
  }
}
