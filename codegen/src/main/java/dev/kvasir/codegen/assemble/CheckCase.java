package dev.kvasir.codegen.assemble;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A small launch that shows whether a compiled kernel computes what its IR says.
 *
 * @param grid extents of the axes
 * @param dims value of each dim
 * @param elements size of each buffer
 * @param integers content of each i32 buffer that is read; floats are made up
 * @param positive float buffers that hold no negative number
 * @param atLeastOne float buffers that hold no number below 1
 * @param small float buffers that hold steps and minima of codes: small numbers
 */
record CheckCase(
    List<Integer> grid,
    Map<String, Integer> dims,
    Map<String, Integer> elements,
    Map<String, List<Integer>> integers,
    Set<String> positive,
    Set<String> atLeastOne,
    Set<String> small) {

  CheckCase {
    grid = List.copyOf(grid);
    dims = Map.copyOf(dims);
    elements = Map.copyOf(elements);
    integers = Map.copyOf(integers);
    positive = Set.copyOf(positive);
    atLeastOne = Set.copyOf(atLeastOne);
    small = Set.copyOf(small);
  }

  static Builder grid(Integer... extents) {
    return new Builder(List.of(extents));
  }

  /** Collects the facts of a case. */
  static final class Builder {
    private final List<Integer> grid;
    private final Map<String, Integer> dims = new HashMap<>();
    private final Map<String, Integer> elements = new HashMap<>();
    private final Map<String, List<Integer>> integers = new HashMap<>();
    private final Set<String> positive = new HashSet<>();
    private final Set<String> atLeastOne = new HashSet<>();
    private final Set<String> small = new HashSet<>();

    private Builder(List<Integer> grid) {
      this.grid = grid;
    }

    Builder dim(String name, int value) {
      dims.put(name, value);
      return this;
    }

    /** Sizes a buffer of floats or codes, or one that is only written. */
    Builder floats(String buffer, int size) {
      elements.put(buffer, size);
      return this;
    }

    Builder positive(String buffer, int size) {
      positive.add(buffer);
      return floats(buffer, size);
    }

    Builder atLeastOne(String buffer, int size) {
      atLeastOne.add(buffer);
      return floats(buffer, size);
    }

    Builder small(String buffer, int size) {
      small.add(buffer);
      return floats(buffer, size);
    }

    Builder ints(String buffer, List<Integer> content) {
      elements.put(buffer, content.size());
      integers.put(buffer, content);
      return this;
    }

    CheckCase build() {
      return new CheckCase(grid, dims, elements, integers, positive, atLeastOne, small);
    }
  }
}
