package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.policy.PolicyAst.Identifier;
import dev.kvasir.ir.policy.PolicyAst.IntegerLiteral;
import dev.kvasir.ir.policy.PolicyAst.ListLiteral;
import dev.kvasir.ir.policy.PolicyAst.SetExpression;
import dev.kvasir.ir.policy.PolicyAst.SetItem;
import dev.kvasir.ir.policy.PolicyAst.Target;
import dev.kvasir.ir.policy.PolicyAst.Value;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Evaluates the sets of an {@code on} against a model. */
final class TargetResolver {
  private final LetScope lets;
  private final BoundSets bound;
  private final ValueResolver values;
  private final ModelFacts facts;
  private final ModelSets sets;
  private final Diagnostics diagnostics;

  TargetResolver(
      LetScope lets,
      BoundSets bound,
      ValueResolver values,
      ModelFacts facts,
      ModelSets sets,
      Diagnostics diagnostics) {
    this.lets = lets;
    this.bound = bound;
    this.values = values;
    this.facts = facts;
    this.sets = sets;
    this.diagnostics = diagnostics;
  }

  /** The KV heads of a target; empty if something was reported, now or where a set is bound. */
  Optional<HeadSet> resolve(TechniqueSpec spec, Target target) {
    if (!accepts(spec, target.layers(), TargetAxis.LAYERS)
        || !accepts(spec, target.heads(), TargetAxis.HEADS)) {
      return Optional.empty();
    }
    Optional<HeadSet> heads = evaluate(target.layers(), TargetAxis.LAYERS);
    Optional<HeadSet> others = evaluate(target.heads(), TargetAxis.HEADS);
    if (heads.isEmpty() || others.isEmpty()) {
      return Optional.empty();
    }
    HeadSet both = heads.get().intersection(others.get());
    if (both.isEmpty()) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.EMPTY_SET, target.span(), "this holds no layer and no KV head")
              .withNote("a technique that is used nowhere is left out of a policy"));
      return Optional.empty();
    }
    return Optional.of(both);
  }

  private boolean accepts(TechniqueSpec spec, Optional<SetExpression> set, TargetAxis axis) {
    if (set.isEmpty() || spec.axes().contains(axis)) {
      return true;
    }
    String note =
        spec.axes().isEmpty()
            ? spec.name() + " is for the whole model and takes no on"
            : "it can be restricted to "
                + String.join(
                    " and ", spec.axes().stream().map(TargetAxis::word).sorted().toList());
    diagnostics.report(
        Diagnostic.error(
                DiagnosticCode.UNSUPPORTED_TARGET,
                set.get().span(),
                spec.name() + " cannot be restricted to " + axis.word())
            .withNote(note));
    return false;
  }

  private Optional<HeadSet> evaluate(Optional<SetExpression> set, TargetAxis axis) {
    if (set.isEmpty()) {
      return Optional.of(HeadSet.all(facts));
    }
    Optional<HeadSet> included = evaluate(set.get().included(), axis);
    Optional<HeadSet> excluded = evaluate(set.get().excluded(), axis);
    return included.flatMap(these -> excluded.map(these::minus));
  }

  private Optional<HeadSet> evaluate(List<SetItem> items, TargetAxis axis) {
    Set<KvHead> members = new HashSet<>();
    boolean complete = true;
    for (SetItem item : items) {
      Optional<HeadSet> evaluated = evaluate(item, axis);
      evaluated.ifPresent(heads -> members.addAll(heads.heads()));
      complete &= evaluated.isPresent();
    }
    return complete ? Optional.of(HeadSet.of(members)) : Optional.empty();
  }

  private Optional<HeadSet> evaluate(SetItem item, TargetAxis axis) {
    int count = sets.count(axis);
    return switch (item) {
      case PolicyAst.AllItem _ -> Optional.of(HeadSet.all(facts));
      case PolicyAst.SingleItem single -> range(axis, single.index(), single.index());
      case PolicyAst.RangeItem range -> range(axis, range.first(), range.last());
      case PolicyAst.LastItem last -> last(axis, last, count);
      case PolicyAst.NamedItem named -> named(axis, named.name());
    };
  }

  private Optional<HeadSet> range(TargetAxis axis, IntegerLiteral first, IntegerLiteral last) {
    if (!sets.check(axis, first.value(), first.span())
        || !sets.check(axis, last.value(), last.span())) {
      return Optional.empty();
    }
    if (last.value() < first.value()) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.EMPTY_SET,
                  first.span().to(last.span()),
                  first.value() + ".." + last.value() + " holds nothing")
              .withNote("write " + last.value() + ".." + first.value()));
      return Optional.empty();
    }
    return Optional.of(numbers(axis, (int) first.value(), (int) last.value()));
  }

  private Optional<HeadSet> last(TargetAxis axis, PolicyAst.LastItem last, int count) {
    BigDecimal share = last.share().value();
    if (share.signum() < 0 || share.compareTo(BigDecimal.valueOf(100)) > 0) {
      diagnostics.report(
          Diagnostic.error(
              DiagnosticCode.OUT_OF_RANGE,
              last.share().span(),
              "a share must be between 0% and 100%, got " + PolicyPrinter.print(last.share())));
      return Optional.empty();
    }
    int taken =
        share
            .multiply(BigDecimal.valueOf(count))
            .divide(BigDecimal.valueOf(100), 0, RoundingMode.FLOOR)
            .intValueExact();
    return Optional.of(numbers(axis, count - taken, count - 1));
  }

  private HeadSet numbers(TargetAxis axis, int first, int last) {
    return HeadSet.of(
        HeadSet.all(facts).heads().stream()
            .filter(
                head -> {
                  int index = axis == TargetAxis.LAYERS ? head.layer() : head.head();
                  return first <= index && index <= last;
                })
            .toList());
  }

  private Optional<HeadSet> named(TargetAxis axis, Identifier name) {
    return switch (bound.lookUp(name.text())) {
      case BoundSets.Bound(NamedSet set) -> ofAxis(axis, name, set);
      case BoundSets.Failed() -> Optional.empty();
      case BoundSets.Unbound(Optional<String> technique) ->
          lets.lookUp(name.text(), name.span())
              .map(value -> letSet(axis, name, lets.follow(value)))
              .orElseGet(() -> unknown(name, technique));
    };
  }

  private Optional<HeadSet> ofAxis(TargetAxis axis, Identifier name, NamedSet set) {
    if (set.axis() == axis) {
      return Optional.of(set.heads());
    }
    diagnostics.report(
        Diagnostic.error(
                DiagnosticCode.WRONG_SET_KIND,
                name.span(),
                name.text()
                    + " is a set of "
                    + set.axis().word()
                    + " in this policy, not of "
                    + axis.word())
            .withNote("write on " + set.axis().word() + " " + name.text()));
    return Optional.empty();
  }

  private Optional<HeadSet> letSet(TargetAxis axis, Identifier name, Value value) {
    return switch (value) {
      case IntegerLiteral number -> range(axis, number, number);
      case ListLiteral list when axis == TargetAxis.LAYERS ->
          values.members(name.text(), axis, list, "KV heads follow on heads");
      case ListLiteral list ->
          values.members(name.text(), axis, list, "numbers of layers follow on layers");
      default -> {
        diagnostics.report(
            Diagnostic.error(
                    DiagnosticCode.WRONG_TYPE,
                    name.span(),
                    name.text() + " must be a number or a list to be a set")
                .withNote("it is bound here", value.span()));
        yield Optional.empty();
      }
    };
  }

  private Optional<HeadSet> unknown(Identifier name, Optional<String> technique) {
    Diagnostic diagnostic =
        Diagnostic.error(
            DiagnosticCode.UNKNOWN_NAME, name.span(), "no set is named " + name.text() + " here");
    Diagnostic listed =
        bound.names().isEmpty()
            ? diagnostic
            : diagnostic.withNote("sets in this policy: " + String.join(", ", bound.names()));
    diagnostics.report(
        technique
            .map(binder -> diagnostic.withNote(binder + " binds it, and is not used"))
            .orElseGet(() -> lets.explainUnknown(listed, name.text(), name.span(), bound.names())));
    return Optional.empty();
  }
}
