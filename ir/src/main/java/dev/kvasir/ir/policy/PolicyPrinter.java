package dev.kvasir.ir.policy;

import dev.kvasir.ir.policy.PolicyAst.Argument;
import dev.kvasir.ir.policy.PolicyAst.SetExpression;
import dev.kvasir.ir.policy.PolicyAst.SetItem;
import dev.kvasir.ir.policy.PolicyAst.Statement;
import dev.kvasir.ir.policy.PolicyAst.Value;
import java.math.BigDecimal;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Tree to canonical text: a statement a line, comments dropped, numbers without needless zeros. The
 * text parses to a tree that prints the same text.
 */
public final class PolicyPrinter {
  private PolicyPrinter() {}

  /** The policy as canonical text, with a line end after the closing brace. */
  public static String print(PolicyAst.PolicyDeclaration policy) {
    StringBuilder text = new StringBuilder("policy ").append(policy.name().text());
    policy.model().ifPresent(model -> text.append(" for ").append(model.text()));
    text.append(" {\n");
    for (Statement statement : policy.statements()) {
      text.append("  ").append(print(statement)).append(";\n");
    }
    return text.append("}\n").toString();
  }

  /** A value as canonical text. */
  public static String print(Value value) {
    return switch (value) {
      case PolicyAst.IntegerLiteral(_, long number) -> Long.toString(number);
      case PolicyAst.DecimalLiteral(_, BigDecimal number) -> {
        // A decimal keeps its point, so that it does not turn into a whole number.
        String text = print(number);
        yield text.contains(".") ? text : text + ".0";
      }
      case PolicyAst.PercentLiteral(_, BigDecimal number) -> print(number) + "%";
      case PolicyAst.BytesLiteral(_, long amount, ByteUnit unit) -> amount + " " + unit;
      case PolicyAst.NameReference(_, String name) -> name;
      case PolicyAst.StringLiteral(_, String string) ->
          "\"" + string.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
      case PolicyAst.ListLiteral(_, List<Value> elements) ->
          elements.stream().map(PolicyPrinter::print).collect(Collectors.joining(", ", "[", "]"));
      case PolicyAst.CallExpression(_, PolicyAst.Identifier name, List<Argument> arguments) ->
          name.text() + print(arguments);
    };
  }

  private static String print(Statement statement) {
    return switch (statement) {
      case PolicyAst.Let let -> "let " + let.name().text() + " = " + print(let.value());
      case PolicyAst.Use use ->
          "use "
              + use.technique().text()
              + print(use.arguments())
              + use.target().map(PolicyPrinter::print).orElse("");
      case PolicyAst.Limit limit ->
          "limit "
              + limit.bound().text()
              + " <= "
              + print(limit.maximum())
              + limit.tokens().map(tokens -> " at " + tokens.value() + " tokens").orElse("");
    };
  }

  private static String print(PolicyAst.Target target) {
    return " on"
        + target.layers().map(set -> " layers " + print(set)).orElse("")
        + target.heads().map(set -> " heads " + print(set)).orElse("");
  }

  private static String print(SetExpression set) {
    String included = printItems(set.included());
    return set.excluded().isEmpty() ? included : included + " except " + printItems(set.excluded());
  }

  private static String printItems(List<SetItem> items) {
    return items.stream().map(PolicyPrinter::print).collect(Collectors.joining(", "));
  }

  private static String print(SetItem item) {
    return switch (item) {
      case PolicyAst.AllItem _ -> "all";
      case PolicyAst.SingleItem single -> Long.toString(single.index().value());
      case PolicyAst.RangeItem range -> range.first().value() + ".." + range.last().value();
      case PolicyAst.LastItem last -> "last " + print(last.share());
      case PolicyAst.NamedItem named -> named.name().text();
    };
  }

  private static String print(List<Argument> arguments) {
    return arguments.stream()
        .map(
            argument ->
                argument.name().map(name -> name.text() + " = ").orElse("")
                    + print(argument.value()))
        .collect(Collectors.joining(", ", "(", ")"));
  }

  private static String print(BigDecimal number) {
    return number.stripTrailingZeros().toPlainString();
  }
}
