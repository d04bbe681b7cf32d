package dev.kvasir.ir.policy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;

/** An explicit set of KV heads of a model, kept sorted by layer, then head. */
public final class HeadSet {
  private static final HeadSet EMPTY = new HeadSet(List.of());

  private final List<KvHead> heads;

  private HeadSet(List<KvHead> sorted) {
    this.heads = sorted;
  }

  /** The set without members. */
  public static HeadSet empty() {
    return EMPTY;
  }

  /** The set of these heads, in any order, repetitions allowed. */
  public static HeadSet of(Collection<KvHead> heads) {
    return new HeadSet(heads.stream().sorted().distinct().toList());
  }

  /** All KV heads of the model. */
  public static HeadSet all(ModelFacts facts) {
    List<KvHead> heads = new ArrayList<>();
    for (int layer = 0; layer < facts.layers(); layer++) {
      for (int head = 0; head < facts.kvHeads(); head++) {
        heads.add(new KvHead(layer, head));
      }
    }
    return new HeadSet(Collections.unmodifiableList(heads));
  }

  /** All KV heads of these layers. */
  public static HeadSet ofLayers(Collection<Integer> layers, ModelFacts facts) {
    return all(facts).where(head -> layers.contains(head.layer()));
  }

  /** The members, sorted by layer, then head. */
  public List<KvHead> heads() {
    return heads;
  }

  /** The layers that have at least one member, ascending. */
  public List<Integer> layers() {
    return heads.stream().map(KvHead::layer).distinct().toList();
  }

  /** The members within one layer, as KV head numbers, ascending. */
  public List<Integer> headsOfLayer(int layer) {
    return heads.stream().filter(head -> head.layer() == layer).map(KvHead::head).toList();
  }

  /** Whether this KV head of this layer is a member. */
  public boolean contains(int layer, int head) {
    return contains(new KvHead(layer, head));
  }

  /** Whether this head is a member. */
  public boolean contains(KvHead head) {
    return Collections.binarySearch(heads, head) >= 0;
  }

  /** Whether there are no members. */
  public boolean isEmpty() {
    return heads.isEmpty();
  }

  /** Whether each layer is a member with all of its KV heads or with none. */
  public boolean isWholeLayers(ModelFacts facts) {
    return heads.size() == layers().size() * facts.kvHeads();
  }

  /** The members of this set or the other. */
  public HeadSet union(HeadSet other) {
    List<KvHead> both = new ArrayList<>(heads);
    both.addAll(other.heads);
    return of(both);
  }

  /** The members of both sets. */
  public HeadSet intersection(HeadSet other) {
    return where(other::contains);
  }

  /** The members of this set that are not in the other. */
  public HeadSet minus(HeadSet other) {
    return where(head -> !other.contains(head));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HeadSet set && heads.equals(set.heads);
  }

  @Override
  public int hashCode() {
    return heads.hashCode();
  }

  @Override
  public String toString() {
    return heads.toString();
  }

  private HeadSet where(Predicate<KvHead> condition) {
    return new HeadSet(heads.stream().filter(condition).toList());
  }
}
