package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.SourceSpan;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/** A policy as it is written: names without meaning yet, every node with its place. */
public sealed interface PolicyAst {
  /** Where the node is written. */
  SourceSpan span();

  /** {@code policy NAME [for MODEL] { statements }}. */
  record PolicyDeclaration(
      SourceSpan span, Identifier name, Optional<Identifier> model, List<Statement> statements)
      implements PolicyAst {
    /** Copies the statements. */
    public PolicyDeclaration {
      statements = List.copyOf(statements);
    }
  }

  /** A name as written. */
  record Identifier(SourceSpan span, String text) implements PolicyAst {}

  /** What stands between the braces of a policy. */
  sealed interface Statement extends PolicyAst {}

  /** {@code let NAME = value;}. */
  record Let(SourceSpan span, Identifier name, Value value) implements Statement {}

  /** {@code use TECHNIQUE(arguments) [on target];}. */
  record Use(
      SourceSpan span, Identifier technique, List<Argument> arguments, Optional<Target> target)
      implements Statement {
    /** Copies the arguments. */
    public Use {
      arguments = List.copyOf(arguments);
    }
  }

  /** {@code limit BOUND <= value [at N tokens];}. */
  record Limit(SourceSpan span, Identifier bound, Value maximum, Optional<IntegerLiteral> tokens)
      implements Statement {}

  /** {@code name = value}, or a positional {@code value}. */
  record Argument(SourceSpan span, Optional<Identifier> name, Value value) implements PolicyAst {}

  /** {@code on [layers SET] [heads SET]}, at least one of the two. */
  record Target(SourceSpan span, Optional<SetExpression> layers, Optional<SetExpression> heads)
      implements PolicyAst {}

  /** Items joined, minus the items after {@code except}. */
  record SetExpression(SourceSpan span, List<SetItem> included, List<SetItem> excluded)
      implements PolicyAst {
    /** Copies the items. */
    public SetExpression {
      included = List.copyOf(included);
      excluded = List.copyOf(excluded);
    }
  }

  /** One member or group of members of a set. */
  sealed interface SetItem extends PolicyAst {}

  /** {@code all}. */
  record AllItem(SourceSpan span) implements SetItem {}

  /** One layer or KV head, by number. */
  record SingleItem(SourceSpan span, IntegerLiteral index) implements SetItem {}

  /** {@code first..last}, both included. */
  record RangeItem(SourceSpan span, IntegerLiteral first, IntegerLiteral last) implements SetItem {}

  /** {@code last p%}: that share of all, from the end, rounded down. */
  record LastItem(SourceSpan span, PercentLiteral share) implements SetItem {}

  /** A named set. */
  record NamedItem(SourceSpan span, Identifier name) implements SetItem {}

  /** What a parameter or a name can be given. */
  sealed interface Value extends PolicyAst {}

  /** A whole number. */
  record IntegerLiteral(SourceSpan span, long value) implements Value {}

  /** A number with a decimal point. */
  record DecimalLiteral(SourceSpan span, BigDecimal value) implements Value {}

  /** A share in percent; {@code 12.5%} has the value 12.5. */
  record PercentLiteral(SourceSpan span, BigDecimal value) implements Value {}

  /** An amount of memory; {@code amount} counts units. */
  record BytesLiteral(SourceSpan span, long amount, ByteUnit unit) implements Value {}

  /** A name: of a {@code let}, or standing for itself. */
  record NameReference(SourceSpan span, String name) implements Value {}

  /** A string, without its quotes and escapes. */
  record StringLiteral(SourceSpan span, String value) implements Value {}

  /** {@code [a, b, c]}. */
  record ListLiteral(SourceSpan span, List<Value> elements) implements Value {
    /** Copies the elements. */
    public ListLiteral {
      elements = List.copyOf(elements);
    }
  }

  /** {@code name(arguments)}. */
  record CallExpression(SourceSpan span, Identifier name, List<Argument> arguments)
      implements Value {
    /** Copies the arguments. */
    public CallExpression {
      arguments = List.copyOf(arguments);
    }
  }
}
