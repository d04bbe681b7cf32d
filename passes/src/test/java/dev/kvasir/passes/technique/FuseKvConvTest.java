package dev.kvasir.passes.technique;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Convolutions;
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
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class FuseKvConvTest {
  private static final ModelFacts FACTS = new ModelFacts("llama", 4, 2, 4096, OptionalInt.of(32));

  @TestFactory
  Stream<DynamicTest> rewrites() {
    return PassCases.of(new FuseKvConv());
  }

  @TestFactory
  Stream<DynamicTest> refusesAtItsPlace() {
    return DiagnosticCases.of(
        FuseKvConvTest.class, "fuse_kv_conv_invalid.kvp", text -> diagnose(text, Convolutions.ANY));
  }

  /** The first case is of a model without weights, the second of weights for something else. */
  @TestFactory
  Stream<DynamicTest> refusesWithoutWeights() {
    return DiagnosticCases.of(
        FuseKvConvTest.class, "fuse_kv_conv_weights.kvp", FuseKvConvTest::diagnoseWeights);
  }

  @Test
  void refusesALayerWithASlidingWindow() {
    try {
      Passes.pipeline()
          .run(
              SmallModels.context(
                  SmallModels.config(OptionalInt.of(11), true),
                  ElementFormat.BF16,
                  "use fuse-kv-conv() on layers 1;"),
              PassListener.NONE);
    } catch (CompileException refused) {
      Diagnostic only = refused.diagnostics().getFirst();
      assertThat(refused.diagnostics()).hasSize(1);
      assertThat(only.code()).isEqualTo(DiagnosticCode.LAYER_HAS_WINDOW);
      assertThat(only.message())
          .isEqualTo("layer 1 has a sliding window of its own, which forgets rows by itself");
      assertThat(only.span()).isPresent();
      assertThat(only.notes()).isNotEmpty();
      return;
    }
    throw new AssertionError("not refused");
  }

  private static List<Diagnostic> diagnose(SourceText text, Convolutions convolutions) {
    try {
      return SmallModels.resolve(text, FACTS, convolutions).warnings();
    } catch (CompileException refused) {
      return refused.diagnostics();
    }
  }

  private static List<Diagnostic> diagnoseWeights(SourceText text) {
    if (text.text().startsWith("// with weights")) {
      return diagnose(
          text,
          (fold, layers) ->
              fold.slots() == 64 && layers.equals(List.of(0, 1))
                  ? Optional.empty()
                  : Optional.of("these are other weights, for " + fold + " in " + layers));
    }
    try {
      return PolicyResolver.resolve(Policy.parse(text), Passes.techniques(), FACTS).warnings();
    } catch (CompileException refused) {
      return refused.diagnostics();
    }
  }
}
