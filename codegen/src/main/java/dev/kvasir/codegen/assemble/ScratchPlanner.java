package dev.kvasir.codegen.assemble;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.Expression;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gives every scratch buffer a place in one slab. Buffers that are never alive together share
 * bytes: largest first, each at the lowest offset that is free for its whole lifetime.
 */
final class ScratchPlanner {

  private static final long ALIGNMENT = 64;

  private static final class Item {
    private final String name;
    private final StorageFormat format;
    private final Expression elements;
    private final long bytes;
    private final int first;
    private int last;
    private long offset = -1;

    private Item(String name, StorageFormat format, Expression elements, long bytes, int first) {
      this.name = name;
      this.format = format;
      this.elements = elements;
      this.bytes = bytes;
      this.first = first;
      this.last = first;
    }

    private boolean meets(Item other) {
      return first <= other.last && other.first <= last;
    }

    private long end() {
      return offset + bytes;
    }
  }

  private final Map<String, Item> items = new LinkedHashMap<>();

  /**
   * Declares a buffer.
   *
   * @param count {@code elements} as a number
   * @param operation the first operation that uses it
   */
  void declare(String name, StorageFormat format, Expression elements, long count, int operation) {
    long bytes = Math.ceilDiv(format.bytes(count), ALIGNMENT) * ALIGNMENT;
    if (items.putIfAbsent(name, new Item(name, format, elements, bytes, operation)) != null) {
      throw new IllegalStateException("two scratch buffers are named " + name);
    }
  }

  /** Makes a buffer live at least until {@code operation}. */
  void use(String name, int operation) {
    Item item = items.get(name);
    if (item != null) {
      item.last = Math.max(item.last, operation);
    }
  }

  /** {@return the buffers with their offsets, in declaration order} */
  List<BufferDeclaration> place() {
    List<Item> placed = new ArrayList<>();
    List<Item> bySize = new ArrayList<>(items.values());
    bySize.sort(Comparator.comparingLong((Item item) -> item.bytes).reversed());
    for (Item item : bySize) {
      List<Item> neighbours =
          placed.stream()
              .filter(item::meets)
              .sorted(Comparator.comparingLong((Item other) -> other.offset))
              .toList();
      long offset = 0;
      for (Item neighbour : neighbours) {
        if (offset + item.bytes <= neighbour.offset) {
          break;
        }
        offset = Math.max(offset, neighbour.end());
      }
      item.offset = offset;
      placed.add(item);
    }
    return items.values().stream()
        .map(
            item ->
                new BufferDeclaration(
                    item.name,
                    BufferDeclaration.Kind.SCRATCH,
                    item.format,
                    item.elements,
                    item.first,
                    item.last,
                    item.offset,
                    ""))
        .toList();
  }

  /** {@return bytes of the slab} */
  long slabBytes() {
    return items.values().stream().mapToLong(Item::end).max().orElse(0);
  }
}
