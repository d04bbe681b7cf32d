package dev.kvasir.ir.policy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The named sets that the techniques of one policy bind. */
final class BoundSets {
  private final List<TechniqueSpec> specs;
  private final Map<String, Found> found = new HashMap<>();

  BoundSets(List<TechniqueSpec> specs) {
    this.specs = specs;
  }

  /** What a name in a set can be. */
  sealed interface Found {}

  /** A set. */
  record Bound(NamedSet set) implements Found {}

  /** A set whose technique is used with mistakes, which are reported there. */
  record Failed() implements Found {}

  /** No set; perhaps one that a technique binds which this policy does not use. */
  record Unbound(Optional<String> technique) implements Found {}

  /** Binds the sets of one use. Uses on disjoint heads add to one set. */
  void bind(Map<String, NamedSet> sets) {
    sets.forEach(
        (name, set) ->
            found.merge(
                name,
                new Bound(set),
                (earlier, later) ->
                    earlier instanceof Bound(NamedSet first) && first.axis() == set.axis()
                        ? new Bound(new NamedSet(set.axis(), first.heads().union(set.heads())))
                        : new Failed()));
  }

  /** Notes that the sets of a technique have no members because its use is wrong. */
  void fail(TechniqueSpec spec) {
    spec.boundNames().forEach(name -> found.put(name, new Failed()));
  }

  Found lookUp(String name) {
    return found.getOrDefault(
        name,
        new Unbound(
            specs.stream()
                .filter(spec -> spec.boundNames().contains(name))
                .map(TechniqueSpec::name)
                .findFirst()));
  }

  /** The names that are bound. */
  List<String> names() {
    return found.keySet().stream().sorted().toList();
  }
}
