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
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class QuantizeKvTest {
  private static final ModelFacts FACTS = new ModelFacts("llama", 4, 2, 4096, OptionalInt.of(32));

  @TestFactory
  Stream<DynamicTest> rewrites() {
    return PassCases.of(new QuantizeKv());
  }

  @TestFactory
  Stream<DynamicTest> refusesAtItsPlace() {
    return DiagnosticCases.of(
        QuantizeKvTest.class, "quantize_kv_invalid.kvp", QuantizeKvTest::diagnose);
  }

  private static List<Diagnostic> diagnose(SourceText text) {
    try {
      return PolicyResolver.resolve(Policy.parse(text), Passes.techniques(), FACTS).warnings();
    } catch (CompileException refused) {
      return refused.diagnostics();
    }
  }
}
