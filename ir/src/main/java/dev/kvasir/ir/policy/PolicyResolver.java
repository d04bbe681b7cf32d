package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.policy.PolicyAst.Identifier;
import dev.kvasir.ir.policy.PolicyAst.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Gives a policy its meaning for one model: names, types, ranges, sets and combinations are checked
 * against the techniques there are, and everything wrong is reported at once.
 */
public final class PolicyResolver {
  private final Policy policy;
  private final List<TechniqueSpec> specs;
  private final ModelFacts facts;
  private final Calibrations calibrations;
  private final Diagnostics diagnostics = new Diagnostics();
  private final LetScope lets = new LetScope();
  private final BoundSets bound;
  private final ModelSets sets;
  private final ValueResolver values;
  private final TargetResolver targets;

  private PolicyResolver(
      Policy policy, List<TechniqueSpec> specs, ModelFacts facts, Calibrations calibrations) {
    this.policy = policy;
    this.specs = specs;
    this.facts = facts;
    this.calibrations = calibrations;
    this.bound = new BoundSets(specs);
    this.sets = new ModelSets(facts, diagnostics);
    this.values =
        new ValueResolver(lets, facts, sets, new CalibratedSets(facts, calibrations), diagnostics);
    this.targets = new TargetResolver(lets, bound, values, facts, sets, diagnostics);
  }

  /**
   * Resolves a policy for a model on which nothing was measured.
   *
   * @param policy what is written
   * @param specs the techniques that there are, in the order in which a resolved policy lists uses
   * @param facts the model
   * @throws CompileException if the policy has no meaning for the model, with every mistake found
   */
  public static ResolvedPolicy resolve(Policy policy, List<TechniqueSpec> specs, ModelFacts facts) {
    return resolve(policy, specs, facts, Calibrations.none());
  }

  /**
   * Resolves a policy.
   *
   * @param policy what is written
   * @param specs the techniques that there are, in the order in which a resolved policy lists uses
   * @param facts the model
   * @param calibrations what was measured on the model
   * @throws CompileException if the policy has no meaning for the model, with every mistake found
   */
  public static ResolvedPolicy resolve(
      Policy policy, List<TechniqueSpec> specs, ModelFacts facts, Calibrations calibrations) {
    return new PolicyResolver(policy, List.copyOf(specs), facts, calibrations).resolve();
  }

  private ResolvedPolicy resolve() {
    policy.ast().model().ifPresent(this::checkModel);
    for (Statement statement : policy.ast().statements()) {
      if (statement instanceof PolicyAst.Let let) {
        lets.bind(let, diagnostics);
      }
    }
    List<Parametrised> parametrised = new ArrayList<>();
    List<ByteLimit> limits = new ArrayList<>();
    for (Statement statement : policy.ast().statements()) {
      switch (statement) {
        case PolicyAst.Let _ -> {}
        case PolicyAst.Use use -> parametrise(use).ifPresent(parametrised::add);
        case PolicyAst.Limit limit ->
            limit(limit)
                .filter(resolved -> checkRepetition(limits, resolved))
                .ifPresent(limits::add);
      }
    }
    // A set may be named before the use that binds it, so targets wait for all parameters.
    List<TechniqueUse> uses = new ArrayList<>();
    Composition composition = new Composition(sets, diagnostics);
    for (Parametrised use : parametrised) {
      target(use)
          .ifPresent(
              resolved -> {
                use.spec()
                    .check()
                    .problems(resolved, facts, calibrations)
                    .forEach(diagnostics::report);
                composition.add(use.spec(), resolved);
                uses.add(resolved);
              });
    }
    if (!diagnostics.hasErrors()) {
      lets.warnUnused(diagnostics);
    }
    diagnostics.throwIfErrors();
    uses.sort(
        Comparator.comparingInt((TechniqueUse use) -> specIndex(use.technique()))
            .thenComparing(use -> use.target().heads().getFirst()));
    return new ResolvedPolicy(policy.name(), facts, uses, limits, diagnostics.list());
  }

  private void checkModel(Identifier model) {
    if (!model.text().equals(facts.modelType())) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.WRONG_MODEL,
                  model.span(),
                  "this policy is for " + model.text() + ", the model is " + facts.modelType())
              .withNote("without for, a policy is for every model it makes sense on"));
    }
  }

  private Optional<Parametrised> parametrise(PolicyAst.Use use) {
    Optional<TechniqueSpec> spec =
        specs.stream()
            .filter(candidate -> candidate.name().equals(use.technique().text()))
            .findFirst();
    if (spec.isEmpty()) {
      unknownTechnique(use.technique());
      return Optional.empty();
    }
    Optional<Arguments> arguments = values.matcher().matchTechnique(spec.get(), use);
    if (arguments.isEmpty()) {
      bound.fail(spec.get());
      return Optional.of(new Parametrised(spec.get(), use, arguments, Map.of()));
    }
    Map<String, NamedSet> boundSets = bind(spec.get(), arguments.get());
    bound.bind(boundSets);
    return Optional.of(new Parametrised(spec.get(), use, arguments, boundSets));
  }

  private void unknownTechnique(Identifier name) {
    Diagnostic unknown =
        Diagnostic.error(
            DiagnosticCode.UNKNOWN_TECHNIQUE, name.span(), "no technique is named " + name.text());
    List<String> names = specs.stream().map(TechniqueSpec::name).toList();
    diagnostics.report(
        Suggestions.note(name.text(), names, "techniques:").map(unknown::withNote).orElse(unknown));
    // A near miss probably meant to bind its sets: their absence is no second mistake.
    Suggestions.nearest(name.text(), names)
        .flatMap(near -> specs.stream().filter(spec -> spec.name().equals(near)).findFirst())
        .ifPresent(bound::fail);
  }

  private Map<String, NamedSet> bind(TechniqueSpec spec, Arguments arguments) {
    Map<String, NamedSet> bindings = spec.binder().bind(arguments, facts);
    Map<String, NamedSet> ordered = new LinkedHashMap<>();
    for (String name : spec.boundNames()) {
      NamedSet set = bindings.get(name);
      if (set == null) {
        throw new CompilerBug(spec.name() + " declares to bind " + name + " and does not");
      }
      ordered.put(name, set);
    }
    return ordered;
  }

  private Optional<TechniqueUse> target(Parametrised parametrised) {
    PolicyAst.Use use = parametrised.use();
    Optional<HeadSet> heads =
        use.target().isPresent()
            ? targets.resolve(parametrised.spec(), use.target().get())
            : Optional.of(HeadSet.all(facts));
    return heads.flatMap(
        target -> parametrised.arguments().map(arguments -> use(parametrised, arguments, target)));
  }

  private static TechniqueUse use(Parametrised parametrised, Arguments arguments, HeadSet target) {
    Map<String, SourceSpan> parameterSpans = new LinkedHashMap<>();
    for (PolicyAst.Argument argument : parametrised.use().arguments()) {
      argument.name().ifPresent(name -> parameterSpans.put(name.text(), argument.value().span()));
    }
    return new TechniqueUse(
        parametrised.spec().name(),
        arguments,
        target,
        parametrised.boundSets(),
        parametrised.use().span(),
        parameterSpans);
  }

  private Optional<ByteLimit> limit(PolicyAst.Limit limit) {
    Optional<LimitKind> kind =
        Arrays.stream(LimitKind.values())
            .filter(candidate -> candidate.word().equals(limit.bound().text()))
            .findFirst();
    if (kind.isEmpty()) {
      Diagnostic unknown =
          Diagnostic.error(
              DiagnosticCode.UNKNOWN_LIMIT,
              limit.bound().span(),
              limit.bound().text() + " cannot be limited");
      List<String> words = Arrays.stream(LimitKind.values()).map(LimitKind::word).toList();
      diagnostics.report(
          Suggestions.note(limit.bound().text(), words, "limits:")
              .map(unknown::withNote)
              .orElse(unknown));
    }
    Optional<ParameterValue> maximum =
        values.resolve(
            limit.bound().text(),
            new ParameterType.BytesType(1, Long.MAX_VALUE),
            limit.maximum(),
            Map.of());
    Optional<ParameterValue> tokens =
        limit
            .tokens()
            .flatMap(
                written ->
                    values.resolve("tokens", new ParameterType.RowCountType(1), written, Map.of()));
    if (kind.isPresent()
        && maximum.isPresent()
        && maximum.get() instanceof ParameterValue.BytesValue(long bytes)
        && tokens.isPresent() == limit.tokens().isPresent()) {
      OptionalInt count =
          tokens.isPresent() && tokens.get() instanceof ParameterValue.IntegerValue(long number)
              ? OptionalInt.of((int) number)
              : OptionalInt.empty();
      return Optional.of(new ByteLimit(kind.get(), bytes, count, limit.span()));
    }
    return Optional.empty();
  }

  private boolean checkRepetition(List<ByteLimit> earlier, ByteLimit limit) {
    Optional<ByteLimit> first =
        earlier.stream()
            .filter(other -> other.kind() == limit.kind() && other.tokens().equals(limit.tokens()))
            .findFirst();
    first.ifPresent(
        other ->
            diagnostics.report(
                Diagnostic.error(
                        DiagnosticCode.DUPLICATE_LIMIT,
                        limit.span(),
                        limit.kind().word() + " is limited twice at the same length")
                    .withNote("it is limited first here", other.span())));
    return first.isEmpty();
  }

  private int specIndex(String technique) {
    return specs.stream().map(TechniqueSpec::name).toList().indexOf(technique);
  }

  /** A use whose parameters are resolved, or reported, and whose target is not yet looked at. */
  private record Parametrised(
      TechniqueSpec spec,
      PolicyAst.Use use,
      Optional<Arguments> arguments,
      Map<String, NamedSet> boundSets) {}
}
