package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.policy.ParameterType.CallShape;
import dev.kvasir.ir.policy.PolicyAst.Argument;
import dev.kvasir.ir.policy.PolicyAst.BytesLiteral;
import dev.kvasir.ir.policy.PolicyAst.CallExpression;
import dev.kvasir.ir.policy.PolicyAst.DecimalLiteral;
import dev.kvasir.ir.policy.PolicyAst.IntegerLiteral;
import dev.kvasir.ir.policy.PolicyAst.ListLiteral;
import dev.kvasir.ir.policy.PolicyAst.NameReference;
import dev.kvasir.ir.policy.PolicyAst.PercentLiteral;
import dev.kvasir.ir.policy.PolicyAst.StringLiteral;
import dev.kvasir.ir.policy.PolicyAst.Value;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Gives a written value the type of its parameter, or reports why it has no such meaning. */
final class ValueResolver {
  private static final int MAXIMUM_SHOWN_LENGTH = 40;

  private static final CallShape HEAD =
      new CallShape(
          "head",
          List.of(
              ParameterSpec.required("layer", anyInteger(), "the layer"),
              ParameterSpec.required("head", anyInteger(), "the KV head within the layer")));

  private final LetScope lets;
  private final ModelFacts facts;
  private final ModelSets sets;
  private final CalibratedSets calibrated;
  private final Diagnostics diagnostics;
  private final ArgumentMatcher matcher;
  private final QuantisedFormatResolver quantised;

  ValueResolver(
      LetScope lets,
      ModelFacts facts,
      ModelSets sets,
      CalibratedSets calibrated,
      Diagnostics diagnostics) {
    this.lets = lets;
    this.facts = facts;
    this.sets = sets;
    this.calibrated = calibrated;
    this.diagnostics = diagnostics;
    this.matcher = new ArgumentMatcher(this, diagnostics);
    this.quantised = new QuantisedFormatResolver(lets, facts, diagnostics);
  }

  /** Matches arguments to parameters and resolves their values. */
  ArgumentMatcher matcher() {
    return matcher;
  }

  /**
   * The typed value; empty if it was reported.
   *
   * @param label what messages call the value
   * @param earlier the parameters of the same technique or call that are resolved already
   */
  Optional<ParameterValue> resolve(
      String label, ParameterType type, Value written, Map<String, ParameterValue> earlier) {
    Value value = lets.follow(written);
    Subject subject = new Subject(label, type, written, value);
    return switch (type) {
      case ParameterType.IntegerType(long minimum, long maximum) ->
          value instanceof IntegerLiteral(_, long number)
              ? integer(subject, number, minimum, maximum)
              : wrongType(subject);
      case ParameterType.RowCountType(int minimum) ->
          value instanceof IntegerLiteral(_, long number)
              ? integer(subject, number, minimum, facts.maxPositions())
              : wrongType(subject);
      case ParameterType.BytesType(long minimum, long maximum) ->
          value instanceof BytesLiteral(_, long amount, ByteUnit unit)
              ? bytes(subject, amount * unit.bytes(), minimum, maximum)
              : wrongType(subject);
      case ParameterType.DecimalType(BigDecimal minimum, BigDecimal maximum) ->
          switch (value) {
            case IntegerLiteral(_, long number) ->
                decimal(subject, BigDecimal.valueOf(number), minimum, maximum);
            case DecimalLiteral(_, BigDecimal number) -> decimal(subject, number, minimum, maximum);
            default -> wrongType(subject);
          };
      case ParameterType.PercentType(BigDecimal minimum, BigDecimal maximum) ->
          value instanceof PercentLiteral(_, BigDecimal share)
              ? percent(subject, share, minimum, maximum)
              : wrongType(subject);
      case ParameterType.ChoiceType(List<String> allowed) -> choice(subject, allowed);
      case ParameterType.StringType() ->
          value instanceof StringLiteral(_, String string)
              ? Optional.of(new ParameterValue.StringValue(string))
              : wrongType(subject);
      case ParameterType.ListType(ParameterType element) -> list(subject, element);
      case ParameterType.CallType(List<CallShape> shapes) ->
          call(subject, shapes).map(found -> found);
      case ParameterType.QuantisedFormatType(boolean perChannel) ->
          call(subject, QuantisedFormatResolver.shapes(perChannel))
              .flatMap(call -> quantised.check(label, perChannel, call, value));
      case ParameterType.EitherType(List<ParameterType> alternatives) ->
          either(subject, alternatives, earlier);
      case ParameterType.LayerOrHeadSetType(String axisParameter) ->
          layerOrHeadSet(subject, axisParameter, earlier);
    };
  }

  /**
   * The members of a written list of layers, or of KV heads; empty if something was reported.
   *
   * @param label what messages call the list
   * @param hint how a user gets the other axis, a note on a member of the wrong kind
   */
  Optional<HeadSet> members(String label, TargetAxis axis, ListLiteral list, String hint) {
    List<KvHead> heads = new ArrayList<>();
    boolean complete = true;
    for (Value written : list.elements()) {
      Value element = lets.follow(written);
      Optional<List<KvHead>> found =
          switch (element) {
            case IntegerLiteral(_, long layer) when axis == TargetAxis.LAYERS ->
                layer(layer, written.span());
            case CallExpression call
                when axis == TargetAxis.HEADS && call.name().text().equals(HEAD.name()) ->
                head(call);
            default -> {
              report(notAMember(label, axis, written, element, hint));
              yield Optional.empty();
            }
          };
      found.ifPresent(heads::addAll);
      complete &= found.isPresent();
    }
    return complete ? Optional.of(HeadSet.of(heads)) : Optional.empty();
  }

  private Diagnostic notAMember(
      String label, TargetAxis axis, Value written, Value element, String hint) {
    String members =
        axis == TargetAxis.LAYERS ? "layers by number" : "KV heads as head(layer, KV head)";
    String message = label + " must list " + members + ", got " + show(element);
    boolean isOtherAxis =
        axis == TargetAxis.LAYERS
            ? element instanceof CallExpression call && call.name().text().equals(HEAD.name())
            : element instanceof IntegerLiteral;
    if (isOtherAxis) {
      return Diagnostic.error(DiagnosticCode.WRONG_SET_KIND, written.span(), message)
          .withNote(hint);
    }
    if (element instanceof NameReference(SourceSpan place, String name)) {
      Diagnostic unknown = Diagnostic.error(DiagnosticCode.UNKNOWN_NAME, written.span(), message);
      return lets.explainUnknown(unknown, name, place, List.of());
    }
    return Diagnostic.error(DiagnosticCode.WRONG_TYPE, written.span(), message);
  }

  private Optional<List<KvHead>> layer(long layer, SourceSpan span) {
    return sets.check(TargetAxis.LAYERS, layer, span)
        ? Optional.of(HeadSet.ofLayers(List.of((int) layer), facts).heads())
        : Optional.empty();
  }

  private Optional<List<KvHead>> head(CallExpression call) {
    return matcher
        .matchCall(call.name().span(), HEAD, call.arguments())
        .filter(arguments -> checkHead(call, arguments))
        .map(
            arguments ->
                List.of(
                    new KvHead((int) arguments.integer("layer"), (int) arguments.integer("head"))));
  }

  private boolean checkHead(CallExpression call, Arguments arguments) {
    return sets.check(TargetAxis.LAYERS, arguments.integer("layer"), call.span())
        && sets.check(TargetAxis.HEADS, arguments.integer("head"), call.span());
  }

  private Optional<ParameterValue> integer(
      Subject subject, long number, long minimum, long maximum) {
    if (number < minimum || number > maximum) {
      return outOfRange(
          subject,
          TypeWords.range(
              Long.toString(minimum), Long.toString(maximum), maximum == Long.MAX_VALUE));
    }
    return Optional.of(new ParameterValue.IntegerValue(number));
  }

  private Optional<ParameterValue> bytes(Subject subject, long bytes, long minimum, long maximum) {
    if (bytes < minimum || bytes > maximum) {
      return outOfRange(
          subject, TypeWords.range(minimum + " B", maximum + " B", maximum == Long.MAX_VALUE));
    }
    return Optional.of(new ParameterValue.BytesValue(bytes));
  }

  private Optional<ParameterValue> decimal(
      Subject subject, BigDecimal number, BigDecimal minimum, BigDecimal maximum) {
    if (number.compareTo(minimum) < 0 || number.compareTo(maximum) > 0) {
      return outOfRange(
          subject, TypeWords.range(minimum.toPlainString(), maximum.toPlainString(), false));
    }
    return Optional.of(new ParameterValue.DecimalValue(number));
  }

  private Optional<ParameterValue> percent(
      Subject subject, BigDecimal share, BigDecimal minimum, BigDecimal maximum) {
    if (share.compareTo(minimum) < 0 || share.compareTo(maximum) > 0) {
      return outOfRange(
          subject,
          TypeWords.range(minimum.toPlainString() + "%", maximum.toPlainString() + "%", false));
    }
    return Optional.of(new ParameterValue.PercentValue(share));
  }

  private Optional<ParameterValue> choice(Subject subject, List<String> allowed) {
    if (!(subject.value() instanceof NameReference(_, String name))) {
      return wrongType(subject);
    }
    return allowed.contains(name)
        ? Optional.of(new ParameterValue.NameValue(name))
        : unknownChoice(subject, name, allowed);
  }

  private <T> Optional<T> unknownChoice(Subject subject, String name, List<String> allowed) {
    report(
        lets.explainUnknown(
            subject.error(DiagnosticCode.OUT_OF_RANGE, TypeWords.describe(subject.type())),
            name,
            subject.value().span(),
            allowed));
    return Optional.empty();
  }

  private Optional<ParameterValue> list(Subject subject, ParameterType elementType) {
    if (!(subject.value() instanceof ListLiteral(_, List<Value> elements))) {
      return wrongType(subject);
    }
    List<ParameterValue> resolved = new ArrayList<>();
    for (Value element : elements) {
      resolve("an element of " + subject.label(), elementType, element, Map.of())
          .ifPresent(resolved::add);
    }
    return resolved.size() == elements.size()
        ? Optional.of(new ParameterValue.ListValue(resolved))
        : Optional.empty();
  }

  private Optional<ParameterValue.CallValue> call(Subject subject, List<CallShape> shapes) {
    String name;
    List<Argument> arguments;
    switch (subject.value()) {
      case NameReference reference -> {
        name = reference.name();
        arguments = List.of();
      }
      case CallExpression call -> {
        name = call.name().text();
        arguments = call.arguments();
      }
      default -> {
        return wrongType(subject);
      }
    }
    Optional<CallShape> shape =
        shapes.stream().filter(candidate -> candidate.name().equals(name)).findFirst();
    if (shape.isEmpty()) {
      return unknownChoice(subject, name, shapes.stream().map(CallShape::name).toList());
    }
    return matcher
        .matchCall(subject.value().span(), shape.get(), arguments)
        .map(matched -> new ParameterValue.CallValue(name, matched.values()));
  }

  private Optional<ParameterValue> either(
      Subject subject, List<ParameterType> alternatives, Map<String, ParameterValue> earlier) {
    Optional<ParameterType> accepting =
        alternatives.stream()
            .filter(alternative -> TypeWords.isOfKind(alternative, subject.value()))
            .findFirst();
    return accepting.isPresent()
        ? resolve(subject.label(), accepting.get(), subject.written(), earlier)
        : wrongType(subject);
  }

  private Optional<ParameterValue> layerOrHeadSet(
      Subject subject, String axisParameter, Map<String, ParameterValue> earlier) {
    if (!(earlier.get(axisParameter) instanceof ParameterValue.NameValue(String axisName))) {
      // The axis was wrong and is reported; without it nothing can be said about the members.
      return Optional.empty();
    }
    TargetAxis axis =
        axisName.equals(TargetAxis.HEADS.singular()) ? TargetAxis.HEADS : TargetAxis.LAYERS;
    if (subject.value() instanceof PercentLiteral(_, BigDecimal percent)) {
      return calibratedSet(subject, axis, percent);
    }
    if (!(subject.value() instanceof ListLiteral list)) {
      return wrongType(subject);
    }
    String hint =
        axis == TargetAxis.LAYERS
            ? "KV heads are chosen under " + axisParameter + " = head"
            : "layers are chosen under " + axisParameter + " = layer";
    return members(subject.label(), axis, list, hint)
        .map(heads -> new ParameterValue.SetValue(axis, heads));
  }

  private Optional<ParameterValue> calibratedSet(
      Subject subject, TargetAxis axis, BigDecimal percent) {
    if (percent.signum() < 0 || percent.compareTo(BigDecimal.valueOf(100)) > 0) {
      return outOfRange(subject, TypeWords.range("0%", "100%", false));
    }
    Optional<ParameterValue> chosen = calibrated.choose(axis, percent);
    if (chosen.isEmpty()) {
      Diagnostic needed =
          subject.at(
              DiagnosticCode.CALIBRATION_NEEDED,
              subject.label()
                  + " as a percentage needs a calibration of this model, which measures the "
                  + axis.word());
      report(CalibratedSets.withWaysOut(needed, subject.label(), axis));
    }
    return chosen;
  }

  private Optional<ParameterValue> outOfRange(Subject subject, String range) {
    report(subject.error(DiagnosticCode.OUT_OF_RANGE, range));
    return Optional.empty();
  }

  private <T> Optional<T> wrongType(Subject subject) {
    if (subject.value() instanceof NameReference(_, String name)) {
      Diagnostic unknown =
          subject.at(DiagnosticCode.UNKNOWN_NAME, "nothing is named " + name + " here");
      report(
          lets.explainUnknown(unknown, name, subject.value().span(), List.of())
              .withNote(subject.label() + " must be " + TypeWords.describe(subject.type())));
    } else {
      report(subject.error(DiagnosticCode.WRONG_TYPE, TypeWords.describe(subject.type())));
    }
    return Optional.empty();
  }

  private void report(Diagnostic diagnostic) {
    diagnostics.report(diagnostic);
  }

  private static ParameterType anyInteger() {
    return new ParameterType.IntegerType(Long.MIN_VALUE, Long.MAX_VALUE);
  }

  private static String show(Value value) {
    String text = PolicyPrinter.print(value);
    return text.length() > MAXIMUM_SHOWN_LENGTH
        ? text.substring(0, MAXIMUM_SHOWN_LENGTH) + "..."
        : text;
  }

  /** A value in question: what it is called, what it should be, as written and as followed. */
  private record Subject(String label, ParameterType type, Value written, Value value) {
    Diagnostic error(DiagnosticCode code, String allowed) {
      return at(code, label + " must be " + allowed + ", got " + show(value));
    }

    Diagnostic at(DiagnosticCode code, String message) {
      Diagnostic diagnostic = Diagnostic.error(code, written.span(), message);
      return written == value
          ? diagnostic
          : diagnostic.withNote(show(written) + " is bound here", value.span());
    }
  }
}
