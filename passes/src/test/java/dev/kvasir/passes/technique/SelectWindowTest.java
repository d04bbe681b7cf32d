package dev.kvasir.passes.technique;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.PolicyResolver;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.PassListener;
import dev.kvasir.passes.Passes;
import dev.kvasir.passes.testing.PassCases;
import dev.kvasir.passes.testing.SmallModels;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class SelectWindowTest {
  private static final ModelFacts FACTS = new ModelFacts("llama", 4, 2, 4096, OptionalInt.of(32));

  @TestFactory
  Stream<DynamicTest> rewrites() {
    return PassCases.of(new SelectWindow());
  }

  @TestFactory
  Stream<DynamicTest> refusesAtItsPlace() {
    return DiagnosticCases.of(
        SelectWindowTest.class, "select_window_invalid.kvp", SelectWindowTest::diagnose);
  }

  @Test
  void refusesALayerWithASlidingWindow() {
    Diagnostic refused =
        refused(OptionalInt.of(11), "use select-window(budget = 12%, share = 1) on layers 1;");
    assertThat(refused.code()).isEqualTo(DiagnosticCode.LAYER_HAS_WINDOW);
    assertThat(refused.message())
        .isEqualTo("layer 1 has a sliding window of its own, which forgets rows by itself");
  }

  @Test
  void promptsOfAModelWithoutTokenizerCannotDecide() {
    ModelFacts facts = new ModelFacts("llama", 4, 2, 4096, OptionalInt.of(32), false);
    String text = "policy p { use select-window(budget = 12%, share = 1, task = TASK); }";
    for (String fixed : List.of("localization", "aggregation")) {
      assertThat(diagnose(new SourceText("p.kvp", text.replace("TASK", fixed)), facts)).isEmpty();
    }
    List<Diagnostic> refused =
        diagnose(new SourceText("p.kvp", text.replace("TASK", "auto")), facts);
    assertThat(refused).hasSize(1);
    assertThat(refused.getFirst().code()).isEqualTo(DiagnosticCode.OUT_OF_RANGE);
    assertThat(refused.getFirst().span().orElseThrow().text()).isEqualTo("auto");
    assertThat(refused.getFirst().message())
        .isEqualTo(
            "task = auto looks for question marks in prompts, and the model has no tokenizer");
    assertThat(refused.getFirst().notes().getFirst().message())
        .isEqualTo("write task = localization or task = aggregation");
  }

  @Test
  void refusesASecondSelectionInALayer() {
    Diagnostic refused =
        refused(
            OptionalInt.empty(),
            "use select-window(budget = 12%, share = 1) on heads 0;"
                + " use select-window(budget = 24%, share = 1) on layers 2 heads 1;");
    assertThat(refused.code()).isEqualTo(DiagnosticCode.UNSUPPORTED_TARGET);
    assertThat(refused.message()).isEqualTo("layer 2 selects rows for other KV heads already");
  }

  private static Diagnostic refused(OptionalInt window, String statements) {
    try {
      Passes.pipeline()
          .run(
              SmallModels.context(SmallModels.config(window, true), ElementFormat.BF16, statements),
              PassListener.NONE);
    } catch (CompileException refused) {
      assertThat(refused.diagnostics()).hasSize(1);
      assertThat(refused.diagnostics().getFirst().span()).isPresent();
      assertThat(refused.diagnostics().getFirst().notes()).isNotEmpty();
      return refused.diagnostics().getFirst();
    }
    throw new AssertionError("not refused: " + statements);
  }

  private static List<Diagnostic> diagnose(SourceText text) {
    return diagnose(text, FACTS);
  }

  private static List<Diagnostic> diagnose(SourceText text, ModelFacts facts) {
    try {
      return PolicyResolver.resolve(Policy.parse(text), Passes.techniques(), facts).warnings();
    } catch (CompileException refused) {
      return refused.diagnostics();
    }
  }
}
