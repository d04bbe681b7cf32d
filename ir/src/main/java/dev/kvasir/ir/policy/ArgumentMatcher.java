package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.policy.ParameterType.CallShape;
import dev.kvasir.ir.policy.PolicyAst.Argument;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Gives every parameter of a technique or call its argument or its default. */
final class ArgumentMatcher {
  private final ValueResolver values;
  private final Diagnostics diagnostics;

  ArgumentMatcher(ValueResolver values, Diagnostics diagnostics) {
    this.values = values;
    this.diagnostics = diagnostics;
  }

  /** The arguments of a technique, which are given by name; empty if something was reported. */
  Optional<Arguments> matchTechnique(TechniqueSpec spec, PolicyAst.Use use) {
    Matching matching = new Matching(spec.name(), spec.parameters());
    for (Argument argument : use.arguments()) {
      if (argument.name().isPresent()) {
        matching.name(argument.name().get(), argument);
      } else {
        matching.mismatch(
            Diagnostic.error(
                    DiagnosticCode.UNKNOWN_PARAMETER,
                    argument.span(),
                    "a parameter of " + spec.name() + " is given by its name")
                .withNote(matching.parameterList()));
      }
    }
    return matching.resolve(use.technique().span());
  }

  /**
   * The arguments of a call, by position first, then by name; empty if something was reported.
   *
   * @param place what lacks an argument that is missing
   */
  Optional<Arguments> matchCall(SourceSpan place, CallShape shape, List<Argument> arguments) {
    Matching matching = new Matching(shape.name(), shape.parameters());
    boolean named = false;
    for (int index = 0; index < arguments.size(); index++) {
      Argument argument = arguments.get(index);
      if (argument.name().isPresent()) {
        named = true;
        matching.name(argument.name().get(), argument);
      } else if (named) {
        matching.mismatch(
            Diagnostic.error(
                DiagnosticCode.UNKNOWN_PARAMETER,
                argument.span(),
                "arguments without a name stand before those with one"));
      } else if (index >= shape.parameters().size()) {
        matching.mismatch(
            Diagnostic.error(
                    DiagnosticCode.UNKNOWN_PARAMETER,
                    argument.span(),
                    shape.name() + " has no argument number " + (index + 1))
                .withNote(matching.parameterList()));
      } else {
        matching.give(shape.parameters().get(index), argument, argument.span());
      }
    }
    return matching.resolve(place);
  }

  /** The arguments of one technique or call while they are matched. */
  private final class Matching {
    private final String owner;
    private final List<ParameterSpec> parameters;
    private final Map<String, Argument> given = new LinkedHashMap<>();
    private boolean failed;
    private boolean mismatched;

    Matching(String owner, List<ParameterSpec> parameters) {
      this.owner = owner;
      this.parameters = parameters;
    }

    void fail(Diagnostic diagnostic) {
      diagnostics.report(diagnostic);
      failed = true;
    }

    void mismatch(Diagnostic diagnostic) {
      fail(diagnostic);
      mismatched = true;
    }

    void name(PolicyAst.Identifier name, Argument argument) {
      Optional<ParameterSpec> parameter =
          parameters.stream().filter(spec -> spec.name().equals(name.text())).findFirst();
      if (parameter.isPresent()) {
        give(parameter.get(), argument, name.span());
        return;
      }
      Diagnostic unknown =
          Diagnostic.error(
              DiagnosticCode.UNKNOWN_PARAMETER,
              name.span(),
              owner + " has no parameter " + name.text());
      mismatch(
          Suggestions.nearest(name.text(), parameters.stream().map(ParameterSpec::name).toList())
              .map(near -> unknown.withNote("did you mean " + near + "?"))
              .orElseGet(() -> unknown.withNote(parameterList())));
    }

    void give(ParameterSpec parameter, Argument argument, SourceSpan place) {
      Argument first = given.putIfAbsent(parameter.name(), argument);
      if (first != null) {
        fail(
            Diagnostic.error(
                    DiagnosticCode.DUPLICATE_PARAMETER, place, parameter.name() + " is given twice")
                .withNote("it is given first here", first.span()));
      }
    }

    String parameterList() {
      return parameters.isEmpty()
          ? owner + " has no parameters"
          : "parameters of "
              + owner
              + ": "
              + String.join(", ", parameters.stream().map(ParameterSpec::name).toList());
    }

    Optional<Arguments> resolve(SourceSpan place) {
      Map<String, ParameterValue> resolved = new LinkedHashMap<>();
      for (ParameterSpec parameter : parameters) {
        Optional<ParameterValue> value = valueOf(parameter, place, resolved);
        value.ifPresent(found -> resolved.put(parameter.name(), found));
        failed |= value.isEmpty();
      }
      return failed ? Optional.empty() : Optional.of(new Arguments(resolved));
    }

    private Optional<ParameterValue> valueOf(
        ParameterSpec parameter, SourceSpan place, Map<String, ParameterValue> earlier) {
      Argument argument = given.get(parameter.name());
      if (argument != null) {
        return values.resolve(parameter.name(), parameter.type(), argument.value(), earlier);
      }
      // An argument that fits no parameter was probably meant for the one that is missing.
      if (parameter.defaultValue().isEmpty() && !mismatched) {
        fail(
            Diagnostic.error(
                    DiagnosticCode.MISSING_PARAMETER,
                    place,
                    owner + " needs its parameter " + parameter.name())
                .withNote(parameter.name() + ": " + parameter.help()));
      }
      return parameter.defaultValue();
    }
  }
}
