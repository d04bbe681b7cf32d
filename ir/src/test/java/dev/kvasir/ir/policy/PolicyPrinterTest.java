package dev.kvasir.ir.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.testing.TechniqueFixtures;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class PolicyPrinterTest {
  @Test
  void printsOneStatementALineWithoutCommentsOrNeedlessZeros() {
    assertThat(
            parse(
                    """
                    policy p for llama{let a=[1,"x\\\\\\"y",12.50%,007,1.0,f(b , c=2 KiB) ,[]];// remark
                    use t ( ) on layers all,0 .. 2 , last 50.0% except x ; use t(a=b)on heads 1;
                    use t() on layers 0 heads 1;
                    limit kv-bytes<=1GiB at 4096 tokens;limit x<=a;}
                    """)
                .canonicalText())
        .isEqualTo(
            """
            policy p for llama {
              let a = [1, "x\\\\\\"y", 12.5%, 7, 1.0, f(b, c = 2 KiB), []];
              use t() on layers all, 0..2, last 50% except x;
              use t(a = b) on heads 1;
              use t() on layers 0 heads 1;
              limit kv-bytes <= 1 GiB at 4096 tokens;
              limit x <= a;
            }
            """);
  }

  @TestFactory
  Stream<DynamicTest> printedPoliciesPrintTheSameAndMeanTheSame() {
    return DiagnosticCases.cases(getClass(), "valid.kvp").stream()
        .map(
            text ->
                DynamicTest.dynamicTest(
                    text.lines().findFirst().orElse(""),
                    () -> {
                      Policy policy = parse(text);
                      Policy again = parse(policy.canonicalText());
                      assertThat(again.canonicalText()).isEqualTo(policy.canonicalText());
                      assertThat(resolve(again).toJson()).isEqualTo(resolve(policy).toJson());
                    }));
  }

  private static Policy parse(String text) {
    return Policy.parse(new SourceText("test.kvp", text));
  }

  private static ResolvedPolicy resolve(Policy policy) {
    return PolicyResolver.resolve(policy, TechniqueFixtures.SPECS, TechniqueFixtures.FACTS);
  }
}
