package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.antlr.v4.runtime.DefaultErrorStrategy;
import org.antlr.v4.runtime.InputMismatchException;
import org.antlr.v4.runtime.Parser;
import org.antlr.v4.runtime.RecognitionException;
import org.antlr.v4.runtime.Token;
import org.antlr.v4.runtime.misc.IntervalSet;

/**
 * Stops at the first wrong token and says what would have been right there. Nothing is repaired: a
 * guess about a missing token makes the next message wrong.
 */
final class PolicyErrorStrategy extends DefaultErrorStrategy {
  private static final int MAXIMUM_SHOWN_LENGTH = 40;

  private static final Set<Integer> VALUE_STARTS =
      Set.of(
          PolicyGrammarParser.NAME,
          PolicyGrammarParser.INTEGER,
          PolicyGrammarParser.DECIMAL,
          PolicyGrammarParser.STRING,
          PolicyGrammarParser.LEFT_BRACKET);
  private static final Set<Integer> SET_STARTS =
      Set.of(
          PolicyGrammarParser.NAME,
          PolicyGrammarParser.INTEGER,
          PolicyGrammarParser.ALL,
          PolicyGrammarParser.LAST);
  private static final Set<Integer> NUMBERS =
      Set.of(PolicyGrammarParser.INTEGER, PolicyGrammarParser.DECIMAL);

  private final PolicyTokens tokens;

  PolicyErrorStrategy(PolicyTokens tokens) {
    this.tokens = tokens;
  }

  /** Finds a wrong token before the parser leaves a loop or an option that could have gone on. */
  @Override
  public void sync(Parser recognizer) {
    if (!recognizer.getExpectedTokens().contains(recognizer.getCurrentToken().getType())) {
      throw new InputMismatchException(recognizer);
    }
  }

  @Override
  public Token recoverInline(Parser recognizer) {
    throw new InputMismatchException(recognizer);
  }

  @Override
  public void reportError(Parser recognizer, RecognitionException failure) {
    throw new CompileException(describe(failure.getOffendingToken(), failure.getExpectedTokens()));
  }

  private Diagnostic describe(Token found, IntervalSet expected) {
    Diagnostic diagnostic =
        Diagnostic.error(
            DiagnosticCode.UNEXPECTED_TOKEN,
            tokens.span(found),
            "expected " + describe(expected) + ", got " + describe(found));
    boolean isWord = found.getText().chars().allMatch(Character::isLetter);
    return isWord && expected.contains(PolicyGrammarParser.NAME)
        ? diagnostic.withNote(found.getText() + " is a word of the language and cannot be a name")
        : diagnostic;
  }

  private static String describe(Token found) {
    if (found.getType() == Token.EOF) {
      return "the end of the file";
    }
    String text = found.getText();
    return text.length() > MAXIMUM_SHOWN_LENGTH
        ? "'" + text.substring(0, MAXIMUM_SHOWN_LENGTH) + "...'"
        : "'" + text + "'";
  }

  private static String describe(IntervalSet expected) {
    Set<Integer> types = new HashSet<>(expected.toSet());
    Set<String> words = new TreeSet<>();
    if (types.containsAll(VALUE_STARTS)) {
      types.removeAll(VALUE_STARTS);
      words.add("a value");
    } else if (types.containsAll(SET_STARTS)) {
      types.removeAll(SET_STARTS);
      words.add("a set");
    } else if (types.containsAll(NUMBERS)) {
      types.removeAll(NUMBERS);
      words.add("a number");
    }
    types.forEach(type -> words.add(describeType(type)));
    List<String> sorted = new ArrayList<>(words);
    String last = sorted.removeLast();
    return sorted.isEmpty() ? last : String.join(", ", sorted) + " or " + last;
  }

  private static String describeType(int type) {
    return switch (type) {
      case Token.EOF -> "the end of the file";
      case PolicyGrammarParser.NAME -> "a name";
      case PolicyGrammarParser.INTEGER -> "a whole number";
      case PolicyGrammarParser.UNIT -> "a unit (B, KiB, MiB, GiB, TiB)";
      default -> PolicyGrammarParser.VOCABULARY.getDisplayName(type);
    };
  }
}
