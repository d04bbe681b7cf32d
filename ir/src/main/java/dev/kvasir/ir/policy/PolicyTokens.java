package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.diag.SourceText;
import org.antlr.v4.runtime.CharStreams;
import org.antlr.v4.runtime.CommonTokenStream;
import org.antlr.v4.runtime.Token;

/** The tokens of a policy text, with their places in it. */
final class PolicyTokens {
  /** Deeper brackets are refused, so that no recursion over a policy is deep. */
  static final int MAXIMUM_NESTING = 32;

  private final SourceText source;
  private final CommonTokenStream stream;
  private final int[] offsets;

  PolicyTokens(SourceText source) {
    this.source = source;
    PolicyGrammarLexer lexer = new PolicyGrammarLexer(CharStreams.fromString(source.text()));
    lexer.removeErrorListeners();
    this.stream = new CommonTokenStream(lexer);
    stream.fill();
    this.offsets = offsets(source.text());
  }

  /** What the parser reads. */
  CommonTokenStream stream() {
    return stream;
  }

  /** Where a token stands; the end of the file is the place after the last token. */
  SourceSpan span(Token token) {
    if (token.getType() == Token.EOF) {
      int index = token.getTokenIndex();
      int end = index == 0 ? 0 : offset(stream.get(index - 1).getStopIndex() + 1);
      return source.span(end, end);
    }
    return source.span(offset(token.getStartIndex()), offset(token.getStopIndex() + 1));
  }

  /**
   * Refuses what the grammar cannot describe.
   *
   * @throws CompileException at the first unknown character, unterminated string or bracket that is
   *     nested too deeply
   */
  void check() {
    int depth = 0;
    for (Token token : stream.getTokens()) {
      switch (token.getType()) {
        case PolicyGrammarLexer.UNKNOWN_CHARACTER ->
            throw error(
                token,
                DiagnosticCode.UNKNOWN_CHARACTER,
                "unknown character " + describeCharacter(token.getText().codePointAt(0)));
        case PolicyGrammarLexer.UNTERMINATED_STRING ->
            throw error(
                token,
                DiagnosticCode.UNTERMINATED_STRING,
                "this string has no closing quote on its line, or an escape other than \\\" and"
                    + " \\\\");
        case PolicyGrammarLexer.LEFT_PAREN, PolicyGrammarLexer.LEFT_BRACKET -> {
          depth++;
          if (depth > MAXIMUM_NESTING) {
            throw error(
                token,
                DiagnosticCode.NESTED_TOO_DEEPLY,
                "brackets are nested at most " + MAXIMUM_NESTING + " deep");
          }
        }
        case PolicyGrammarLexer.RIGHT_PAREN, PolicyGrammarLexer.RIGHT_BRACKET -> depth--;
        default -> {}
      }
    }
  }

  private CompileException error(Token token, DiagnosticCode code, String message) {
    return new CompileException(Diagnostic.error(code, span(token), message));
  }

  private static String describeCharacter(int character) {
    boolean visible = !Character.isISOControl(character) && Character.isDefined(character);
    return (visible ? "'" + Character.toString(character) + "' " : "")
        + String.format("(U+%04X)", character);
  }

  private int offset(int codePoints) {
    return offsets.length == 0 ? codePoints : offsets[codePoints];
  }

  /** ANTLR counts code points, a source text UTF-16 units; empty where the two are the same. */
  private static int[] offsets(String text) {
    int codePoints = text.codePointCount(0, text.length());
    if (codePoints == text.length()) {
      return new int[0];
    }
    int[] offsets = new int[codePoints + 1];
    for (int index = 0; index < codePoints; index++) {
      offsets[index + 1] = text.offsetByCodePoints(offsets[index], 1);
    }
    return offsets;
  }
}
