package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.PolicyAst.Argument;
import dev.kvasir.ir.policy.PolicyAst.BytesLiteral;
import dev.kvasir.ir.policy.PolicyAst.CallExpression;
import dev.kvasir.ir.policy.PolicyAst.DecimalLiteral;
import dev.kvasir.ir.policy.PolicyAst.Identifier;
import dev.kvasir.ir.policy.PolicyAst.IntegerLiteral;
import dev.kvasir.ir.policy.PolicyAst.ListLiteral;
import dev.kvasir.ir.policy.PolicyAst.NameReference;
import dev.kvasir.ir.policy.PolicyAst.PercentLiteral;
import dev.kvasir.ir.policy.PolicyAst.SetExpression;
import dev.kvasir.ir.policy.PolicyAst.SetItem;
import dev.kvasir.ir.policy.PolicyAst.Statement;
import dev.kvasir.ir.policy.PolicyAst.StringLiteral;
import dev.kvasir.ir.policy.PolicyAst.Target;
import dev.kvasir.ir.policy.PolicyAst.Value;
import dev.kvasir.ir.policy.PolicyGrammarParser.ArgumentContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.ArgumentsContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.LiteralContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.NumberContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.PolicyContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.SetContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.SetItemContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.StatementContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.TargetContext;
import dev.kvasir.ir.policy.PolicyGrammarParser.ValueContext;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.Token;
import org.antlr.v4.runtime.tree.ParseTree;
import org.antlr.v4.runtime.tree.TerminalNode;

/**
 * Text to tree. Beside {@link PolicyTokens} and {@link PolicyErrorStrategy}, which it owns, the
 * only class that sees ANTLR.
 */
final class PolicyParser {
  /** The longest policy text, in UTF-16 units. */
  static final int MAXIMUM_LENGTH = 1 << 16;

  /** Whole numbers of this many digits fit 64 bits. */
  private static final int MAXIMUM_INTEGER_DIGITS = 18;

  private static final int MAXIMUM_DECIMAL_LENGTH = 40;

  private final SourceText source;
  private final PolicyTokens tokens;

  private PolicyParser(SourceText source) {
    this.source = source;
    this.tokens = new PolicyTokens(source);
  }

  /**
   * Parses a policy text.
   *
   * @throws CompileException at the first place that does not follow the grammar
   */
  static PolicyAst.PolicyDeclaration parse(SourceText source) {
    if (source.length() > MAXIMUM_LENGTH) {
      throw new CompileException(
          Diagnostic.error(
              DiagnosticCode.POLICY_TOO_LARGE,
              source.name(),
              "a policy has at most " + MAXIMUM_LENGTH + " characters, got " + source.length()));
    }
    return new PolicyParser(source).parse();
  }

  private PolicyAst.PolicyDeclaration parse() {
    tokens.check();
    PolicyGrammarParser parser = new PolicyGrammarParser(tokens.stream());
    parser.removeErrorListeners();
    parser.setErrorHandler(new PolicyErrorStrategy(tokens));
    return policy(parser.document().policy());
  }

  private PolicyAst.PolicyDeclaration policy(PolicyContext context) {
    Optional<Identifier> model =
        context.FOR() == null ? Optional.empty() : Optional.of(identifier(context.NAME(1)));
    return new PolicyAst.PolicyDeclaration(
        span(context),
        identifier(context.NAME(0)),
        model,
        context.statement().stream().map(this::statement).toList());
  }

  private Statement statement(StatementContext context) {
    if (context.let() != null) {
      return new PolicyAst.Let(
          span(context), identifier(context.let().NAME()), value(context.let().value()));
    }
    if (context.use() != null) {
      return new PolicyAst.Use(
          span(context),
          identifier(context.use().NAME()),
          arguments(context.use().arguments()),
          Optional.ofNullable(context.use().target()).map(this::target));
    }
    return new PolicyAst.Limit(
        span(context),
        identifier(context.limit().NAME()),
        value(context.limit().value()),
        Optional.ofNullable(context.limit().INTEGER()).map(this::integer));
  }

  private Target target(TargetContext context) {
    Optional<SetExpression> first = Optional.of(set(context.set(0)));
    if (context.LAYERS() == null) {
      return new Target(span(context), Optional.empty(), first);
    }
    Optional<SetExpression> heads =
        context.HEADS() == null ? Optional.empty() : Optional.of(set(context.set(1)));
    return new Target(span(context), first, heads);
  }

  private SetExpression set(SetContext context) {
    List<SetItem> included = new ArrayList<>();
    List<SetItem> excluded = new ArrayList<>();
    List<SetItem> items = included;
    for (ParseTree child : context.children) {
      if (child == context.EXCEPT()) {
        items = excluded;
      } else if (child instanceof SetItemContext item) {
        items.add(setItem(item));
      }
    }
    return new SetExpression(span(context), included, excluded);
  }

  private SetItem setItem(SetItemContext context) {
    SourceSpan span = span(context);
    if (context.ALL() != null) {
      return new PolicyAst.AllItem(span);
    }
    if (context.LAST() != null) {
      SourceSpan share = span(context.number()).to(span(context.PERCENT().getSymbol()));
      return new PolicyAst.LastItem(span, new PercentLiteral(share, decimal(context.number())));
    }
    if (context.NAME() != null) {
      return new PolicyAst.NamedItem(span, identifier(context.NAME()));
    }
    IntegerLiteral first = integer(context.INTEGER(0));
    return context.RANGE() == null
        ? new PolicyAst.SingleItem(span, first)
        : new PolicyAst.RangeItem(span, first, integer(context.INTEGER(1)));
  }

  private List<Argument> arguments(ArgumentsContext context) {
    return context.argument().stream().map(this::argument).toList();
  }

  private Argument argument(ArgumentContext context) {
    SourceSpan span = span(context);
    if (context.literal() != null) {
      return new Argument(span, Optional.empty(), literal(context.literal()));
    }
    if (context.value() != null) {
      return new Argument(span, Optional.of(identifier(context.NAME())), value(context.value()));
    }
    return new Argument(
        span,
        Optional.empty(),
        nameOrCall(span, context.NAME(), Optional.ofNullable(context.arguments())));
  }

  private Value value(ValueContext context) {
    return context.literal() != null
        ? literal(context.literal())
        : nameOrCall(span(context), context.NAME(), Optional.ofNullable(context.arguments()));
  }

  private Value nameOrCall(
      SourceSpan span, TerminalNode name, Optional<ArgumentsContext> arguments) {
    return arguments.isPresent()
        ? new CallExpression(span, identifier(name), arguments(arguments.get()))
        : new NameReference(span, name.getText());
  }

  private Value literal(LiteralContext context) {
    SourceSpan span = span(context);
    if (context.list() != null) {
      return new ListLiteral(span, context.list().value().stream().map(this::value).toList());
    }
    if (context.STRING() != null) {
      String quoted = context.STRING().getText();
      String escaped = quoted.substring(1, quoted.length() - 1);
      return new StringLiteral(span, escaped.replaceAll("\\\\(.)", "$1"));
    }
    if (context.PERCENT() != null) {
      return new PercentLiteral(span, decimal(context.number()));
    }
    if (context.UNIT() != null) {
      return bytes(span, context.number(), ByteUnit.valueOf(context.UNIT().getText()));
    }
    return context.number().INTEGER() != null
        ? integer(context.number().INTEGER())
        : new DecimalLiteral(span, decimal(context.number()));
  }

  private BytesLiteral bytes(SourceSpan span, NumberContext number, ByteUnit unit) {
    if (number.INTEGER() == null) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.UNEXPECTED_TOKEN,
                  span,
                  "expected a whole number of " + unit + ", got " + number.getText())
              .withNote("a smaller unit makes it a whole number"));
    }
    long amount = integer(number.INTEGER()).value();
    if (amount > Long.MAX_VALUE / unit.bytes()) {
      throw tooLarge(span, "an amount of memory is below 2^63 bytes");
    }
    return new BytesLiteral(span, amount, unit);
  }

  private IntegerLiteral integer(TerminalNode node) {
    SourceSpan span = span(node.getSymbol());
    if (span.text().replace("-", "").length() > MAXIMUM_INTEGER_DIGITS) {
      throw tooLarge(span, "a whole number has at most " + MAXIMUM_INTEGER_DIGITS + " digits");
    }
    return new IntegerLiteral(span, Long.parseLong(span.text()));
  }

  private BigDecimal decimal(NumberContext context) {
    if (context.getText().length() > MAXIMUM_DECIMAL_LENGTH) {
      throw tooLarge(
          span(context), "a number has at most " + MAXIMUM_DECIMAL_LENGTH + " characters");
    }
    return new BigDecimal(context.getText());
  }

  private static CompileException tooLarge(SourceSpan span, String message) {
    return new CompileException(Diagnostic.error(DiagnosticCode.NUMBER_TOO_LARGE, span, message));
  }

  private Identifier identifier(TerminalNode node) {
    return new Identifier(span(node.getSymbol()), node.getText());
  }

  private SourceSpan span(ParserRuleContext context) {
    if (context.getStop() == null) {
      throw new CompilerBug("a part of " + source.name() + " was parsed without its last token");
    }
    return span(context.getStart()).to(span(context.getStop()));
  }

  private SourceSpan span(Token token) {
    return tokens.span(token);
  }
}
