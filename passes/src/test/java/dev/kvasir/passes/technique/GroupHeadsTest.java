package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.PolicyResolver;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.passes.Passes;
import dev.kvasir.passes.testing.PassCases;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class GroupHeadsTest {
  private static final ModelFacts FACTS = new ModelFacts("llama", 4, 2, 4096);

  @TestFactory
  Stream<DynamicTest> rewrites() {
    return PassCases.of(new GroupHeads());
  }

  @TestFactory
  Stream<DynamicTest> refusesAtItsPlace() {
    return DiagnosticCases.of(
        GroupHeadsTest.class, "group_heads_invalid.kvp", GroupHeadsTest::diagnose);
  }

  private static List<Diagnostic> diagnose(SourceText text) {
    try {
      return PolicyResolver.resolve(Policy.parse(text), Passes.techniques(), FACTS).warnings();
    } catch (CompileException refused) {
      return refused.diagnostics();
    }
  }
}
