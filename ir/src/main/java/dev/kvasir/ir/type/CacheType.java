package dev.kvasir.ir.type;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The KV cache of one layer of one sequence: which rows each KV head keeps, where and how. Keys lie
 * in it after RoPE, at their true positions.
 *
 * <p>Text: {@code cache<layer 1, heads 2, key 32, value 32; [0]: dense bf16; [1]: sink bf16 rows 4
 * + ring bf16 rows 64>}.
 *
 * @param layer decoder layer, from 0
 * @param kvHeads number of KV heads
 * @param keyDim elements of a key row of one head
 * @param valueDim elements of a value row of one head
 * @param groups a partition of the KV heads, ordered by first head
 */
public record CacheType(int layer, int kvHeads, int keyDim, int valueDim, List<HeadGroup> groups)
    implements Type {

  /**
   * Copies the groups and refuses anything but an ordered partition with unique segment names, and
   * codes that do not fit the rows.
   */
  public CacheType {
    groups = List.copyOf(groups);
    if (layer < 0 || kvHeads < 1 || keyDim < 1 || valueDim < 1) {
      throw new IllegalArgumentException(
          "a cache has a layer of at least 0 and sizes of at least 1, got "
              + List.of(layer, kvHeads, keyDim, valueDim));
    }
    List<Integer> heads = new ArrayList<>();
    Set<String> names = new HashSet<>();
    int lastFirst = -1;
    for (HeadGroup group : groups) {
      if (group.heads().getFirst() <= lastFirst) {
        throw new IllegalArgumentException("groups must be ordered by their first head");
      }
      lastFirst = group.heads().getFirst();
      heads.addAll(group.heads());
      for (CacheSegment segment : group.segments()) {
        if (!names.add(segment.name())) {
          throw new IllegalArgumentException("two segments are named " + segment.name());
        }
        if (segment.packing().isPresent()) {
          segment.packing().get().key().checkHeadDim("keys", keyDim);
          segment.packing().get().value().checkHeadDim("values", valueDim);
        }
      }
    }
    List<Integer> sorted = heads.stream().sorted().toList();
    boolean partition = sorted.size() == kvHeads;
    for (int head = 0; partition && head < kvHeads; head++) {
      partition = sorted.get(head) == head;
    }
    if (!partition) {
      throw new IllegalArgumentException(
          "groups must hold each head from 0 to " + (kvHeads - 1) + " once, got " + sorted);
    }
  }

  /**
   * {@return the group that a KV head belongs to}
   *
   * @throws IndexOutOfBoundsException when the layer has no such head
   */
  public HeadGroup groupOf(int kvHead) {
    for (HeadGroup group : groups) {
      if (group.heads().contains(kvHead)) {
        return group;
      }
    }
    throw new IndexOutOfBoundsException("no KV head " + kvHead + " of " + kvHeads);
  }

  /** {@return this cache with another partition of its heads} */
  public CacheType withGroups(List<HeadGroup> others) {
    return new CacheType(layer, kvHeads, keyDim, valueDim, others);
  }

  @Override
  public String text() {
    return "cache<layer "
        + layer
        + ", heads "
        + kvHeads
        + ", key "
        + keyDim
        + ", value "
        + valueDim
        + groups.stream().map(group -> "; " + group.text()).collect(Collectors.joining())
        + ">";
  }
}
