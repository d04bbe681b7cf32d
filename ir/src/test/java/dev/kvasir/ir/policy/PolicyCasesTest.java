package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.testing.TechniqueFixtures;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every mistake of a policy with its exact message and place. */
class PolicyCasesTest {
  private static final List<String> FILES =
      List.of(
          "syntax.kvp",
          "names.kvp",
          "parameters.kvp",
          "values.kvp",
          "sets.kvp",
          "composition.kvp",
          "limits.kvp",
          "valid.kvp");

  @TestFactory
  Stream<DynamicTest> reportsWhatTheCommentsExpect() {
    return FILES.stream()
        .flatMap(file -> DiagnosticCases.of(getClass(), file, PolicyCasesTest::diagnose));
  }

  private static List<Diagnostic> diagnose(SourceText source) {
    try {
      return PolicyResolver.resolve(
              Policy.parse(source), TechniqueFixtures.SPECS, TechniqueFixtures.FACTS)
          .warnings();
    } catch (CompileException mistake) {
      return mistake.diagnostics();
    }
  }
}
