package dev.kvasir.ir.policy;

import dev.kvasir.ir.policy.ParameterType.CallShape;
import dev.kvasir.ir.policy.PolicyAst.Value;
import java.util.List;
import java.util.stream.Collectors;

/** Parameter types in the words of messages. */
final class TypeWords {
  private TypeWords() {}

  /** What a value of the type is, to follow {@code must be}. */
  static String describe(ParameterType type) {
    return switch (type) {
      case ParameterType.IntegerType _, ParameterType.RowCountType _ -> "a whole number";
      case ParameterType.DecimalType _ -> "a number";
      case ParameterType.PercentType _ -> "a percentage";
      case ParameterType.BytesType _ -> "an amount of memory such as 640 MiB";
      case ParameterType.ChoiceType(List<String> allowed) -> Suggestions.join(allowed);
      case ParameterType.StringType() -> "a string";
      case ParameterType.ListType _ -> "a list";
      case ParameterType.CallType(List<CallShape> shapes) -> describe(shapes);
      case ParameterType.QuantisedFormatType(boolean perChannel) ->
          describe(QuantisedFormatResolver.shapes(perChannel));
      case ParameterType.EitherType(List<ParameterType> alternatives) ->
          Suggestions.join(alternatives.stream().map(TypeWords::describe).toList());
      case ParameterType.LayerOrHeadSetType _ -> "a list or a percentage";
    };
  }

  /** Whether a value has the form of a type, whatever its range. */
  static boolean isOfKind(ParameterType type, Value value) {
    return switch (type) {
      case ParameterType.IntegerType _, ParameterType.RowCountType _ ->
          value instanceof PolicyAst.IntegerLiteral;
      case ParameterType.DecimalType _ ->
          value instanceof PolicyAst.DecimalLiteral || value instanceof PolicyAst.IntegerLiteral;
      case ParameterType.PercentType _ -> value instanceof PolicyAst.PercentLiteral;
      case ParameterType.BytesType _ -> value instanceof PolicyAst.BytesLiteral;
      case ParameterType.ChoiceType _ -> value instanceof PolicyAst.NameReference;
      case ParameterType.StringType _ -> value instanceof PolicyAst.StringLiteral;
      case ParameterType.ListType _ -> value instanceof PolicyAst.ListLiteral;
      case ParameterType.CallType _, ParameterType.QuantisedFormatType _ ->
          value instanceof PolicyAst.CallExpression || value instanceof PolicyAst.NameReference;
      case ParameterType.EitherType(List<ParameterType> alternatives) ->
          alternatives.stream().anyMatch(alternative -> isOfKind(alternative, value));
      case ParameterType.LayerOrHeadSetType _ ->
          value instanceof PolicyAst.ListLiteral || value instanceof PolicyAst.PercentLiteral;
    };
  }

  /** A range, to follow {@code must be}. */
  static String range(String minimum, String maximum, boolean unbounded) {
    return unbounded ? "at least " + minimum : "between " + minimum + " and " + maximum;
  }

  private static String describe(List<CallShape> shapes) {
    return Suggestions.join(shapes.stream().map(TypeWords::describe).toList());
  }

  private static String describe(CallShape shape) {
    return shape.parameters().isEmpty()
        ? shape.name()
        : shape.parameters().stream()
            .map(ParameterSpec::name)
            .collect(Collectors.joining(", ", shape.name() + "(", ")"));
  }
}
