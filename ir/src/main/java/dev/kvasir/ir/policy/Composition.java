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
    Claim claim = new Claim(spec, use);
    Map<Claim, List<KvHead>> collisions = new LinkedHashMap<>();
    for (KvHead head : claimed(spec, use).heads()) {
      Map<String, Claim> others = claims.computeIfAbsent(head, _ -> new LinkedHashMap<>());
      for (Claim other : others.values()) {
        if (other.spec() == spec || conflict(other, claim).isPresent()) {
          collisions.computeIfAbsent(other, _ -> new ArrayList<>()).add(head);
        }
      }
      others.putIfAbsent(spec.name(), claim);
    }
    collisions.entrySet().stream()
        .findFirst()
        .ifPresent(collision -> report(collision.getKey(), claim, collision.getValue()));
  }

  /** A technique of a retention that leaves some heads alone does not stand in the way there. */
  private static HeadSet claimed(TechniqueSpec spec, TechniqueUse use) {
    return spec.claimedSet()
        .flatMap(name -> Optional.ofNullable(use.boundSets().get(name)))
        .map(NamedSet::heads)
        .orElse(use.target());
  }

  private void report(Claim first, Claim second, List<KvHead> heads) {
    String place = sets.describe(HeadSet.of(heads));
    String name = second.spec().name();
    if (first.spec() == second.spec()) {
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

  private record Claim(TechniqueSpec spec, TechniqueUse use) {}
}
