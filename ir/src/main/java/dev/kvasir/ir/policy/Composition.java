package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Which techniques meet on which KV heads, and whether they may. */
final class Composition {
  private final Map<KvHead, Map<String, Claim>> claims = new HashMap<>();
  private final ModelSets sets;
  private final Diagnostics diagnostics;

  Composition(ModelSets sets, Diagnostics diagnostics) {
    this.sets = sets;
    this.diagnostics = diagnostics;
  }

  /** Adds a use to those before it; reports the first of them that it cannot share a head with. */
  void add(TechniqueSpec spec, TechniqueUse use) {
    Claim claim = new Claim(spec, use, spec.claim().claimed(use, sets.facts()));
    // Keyed by the place of the other use, so that they are met in the order written.
    SortedMap<Integer, Collision> collisions = new TreeMap<>();
    for (KvHead head : use.target().heads()) {
      Map<String, Claim> others = claims.computeIfAbsent(head, _ -> new LinkedHashMap<>());
      for (Claim other : others.values()) {
        if (other.collides(claim, head)) {
          collisions
              .computeIfAbsent(
                  other.use().span().start(), _ -> new Collision(other, new ArrayList<>()))
              .heads()
              .add(head);
        }
      }
      others.putIfAbsent(spec.name(), claim);
    }
    if (!collisions.isEmpty()) {
      Collision first = collisions.firstEntry().getValue();
      report(first.other(), claim, first.heads());
    }
  }

  private void report(Claim first, Claim second, List<KvHead> heads) {
    String place = sets.describe(HeadSet.of(heads));
    String name = second.spec().name();
    if (first.spec().name().equals(second.spec().name())) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.REPEATED_TECHNIQUE,
                  second.use().span(),
                  name + " is used twice on " + place)
              .withNote("it is used first here", first.use().span()));
      return;
    }
    diagnostics.report(
        Diagnostic.error(
                DiagnosticCode.CONFLICTING_TECHNIQUES,
                second.use().span(),
                name + " and " + first.spec().name() + " cannot both be used on " + place)
            .withNote(
                first.spec().name() + ", which " + first.spec().role().effect() + ", is used here",
                first.use().span())
            .withNote(
                conflict(first, second).orElseThrow()
                    + ", and "
                    + name
                    + " "
                    + second.spec().role().effect())
            .withNote("restrict one of them with on, or leave one out"));
  }

  private static Optional<String> conflict(Claim first, Claim second) {
    return TechniqueRole.conflict(first.spec().role(), second.spec().role());
  }

  /** A use with the heads on which its role counts. */
  private record Claim(TechniqueSpec spec, TechniqueUse use, HeadSet claimed) {
    boolean collides(Claim later, KvHead head) {
      return spec.name().equals(later.spec().name())
          || (conflict(this, later).isPresent()
              && claimed.contains(head)
              && later.claimed().contains(head));
    }
  }

  private record Collision(Claim other, List<KvHead> heads) {}
}
