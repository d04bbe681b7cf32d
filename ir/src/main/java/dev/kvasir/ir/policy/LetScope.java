package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.policy.PolicyAst.Let;
import dev.kvasir.ir.policy.PolicyAst.NameReference;
import dev.kvasir.ir.policy.PolicyAst.Value;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The names bound by {@code let}. A name is known from the statement after its {@code let} on. */
final class LetScope {
  private final Map<String, Let> lets = new LinkedHashMap<>();
  private final Set<String> used = new HashSet<>();

  /** Binds a name, or reports that it is bound already. */
  void bind(Let let, Diagnostics diagnostics) {
    Let first = lets.putIfAbsent(let.name().text(), let);
    if (first != null) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.DUPLICATE_LET,
                  let.name().span(),
                  let.name().text() + " is bound twice")
              .withNote("it is bound first here", first.name().span()));
    }
  }

  /** What a value stands for: itself, or what its name is bound to, through any number of lets. */
  Value follow(Value written) {
    Value value = written;
    while (value instanceof NameReference(SourceSpan span, String name)) {
      Optional<Value> bound = lookUp(name, span);
      if (bound.isEmpty()) {
        return value;
      }
      value = bound.get();
    }
    return value;
  }

  /** The value that a name is bound to before a place. */
  Optional<Value> lookUp(String name, SourceSpan place) {
    Let let = lets.get(name);
    // Only earlier lets count, so that following names always ends.
    if (let == null || let.span().end() > place.start()) {
      return Optional.empty();
    }
    used.add(name);
    return Optional.of(let.value());
  }

  /** The names that are bound before a place. */
  List<String> namesBefore(SourceSpan place) {
    return lets.values().stream()
        .filter(let -> let.span().end() <= place.start())
        .map(let -> let.name().text())
        .toList();
  }

  /** Adds what helps with a name that nothing binds before a place. */
  Diagnostic explainUnknown(
      Diagnostic unknown, String name, SourceSpan place, List<String> otherNames) {
    Let later = lets.get(name);
    if (later != null) {
      return unknown.withNote(
          name + " is bound here, for the statements after it", later.name().span());
    }
    List<String> candidates = new ArrayList<>(otherNames);
    candidates.addAll(namesBefore(place));
    return Suggestions.nearest(name, candidates)
        .map(near -> unknown.withNote("did you mean " + near + "?"))
        .orElse(unknown);
  }

  /** Reports the names that nothing looked up. */
  void warnUnused(Diagnostics diagnostics) {
    for (Let let : lets.values()) {
      if (!used.contains(let.name().text())) {
        diagnostics.report(
            Diagnostic.warning(
                DiagnosticCode.UNUSED_LET,
                let.name().span(),
                let.name().text() + " is bound and never used"));
      }
    }
  }
}
