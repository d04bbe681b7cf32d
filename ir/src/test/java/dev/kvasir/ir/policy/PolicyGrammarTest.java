package dev.kvasir.ir.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import org.antlr.v4.runtime.CharStreams;
import org.antlr.v4.runtime.CommonTokenStream;
import org.antlr.v4.runtime.atn.ATN;
import org.antlr.v4.runtime.atn.DecisionState;
import org.antlr.v4.runtime.atn.LL1Analyzer;
import org.antlr.v4.runtime.misc.IntervalSet;
import org.junit.jupiter.api.Test;

class PolicyGrammarTest {
  /** The exact list of expected tokens in a syntax error depends on this. */
  @Test
  void everyDecisionIsMadeOnTheNextToken() {
    ATN grammar =
        new PolicyGrammarParser(
                new CommonTokenStream(new PolicyGrammarLexer(CharStreams.fromString(""))))
            .getATN();
    LL1Analyzer analyzer = new LL1Analyzer(grammar);
    List<String> undecided =
        grammar.decisionToState.stream()
            .filter(decision -> !isDecidedByNextToken(analyzer.getDecisionLookahead(decision)))
            .map(PolicyGrammarTest::describe)
            .collect(Collectors.toList());

    assertThat(grammar.decisionToState).isNotEmpty();
    assertThat(undecided).isEmpty();
  }

  private static boolean isDecidedByNextToken(IntervalSet[] alternatives) {
    IntervalSet seen = new IntervalSet();
    for (IntervalSet alternative : alternatives) {
      if (alternative == null || !seen.and(alternative).isNil()) {
        return false;
      }
      seen.addAll(alternative);
    }
    return true;
  }

  private static String describe(DecisionState decision) {
    return PolicyGrammarParser.ruleNames[decision.ruleIndex];
  }
}
