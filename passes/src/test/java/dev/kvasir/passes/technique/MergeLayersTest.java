package dev.kvasir.passes.technique;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.Convolutions;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.PassContext;
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

class MergeLayersTest {
  private static final ModelFacts FACTS = new ModelFacts("llama", 4, 2, 4096, OptionalInt.of(32));

  @TestFactory
  Stream<DynamicTest> rewrites() {
    return PassCases.of(new MergeLayers());
  }

  @TestFactory
  Stream<DynamicTest> refusesAtItsPlace() {
    return DiagnosticCases.of(
        MergeLayersTest.class, "merge_layers_invalid.kvp", MergeLayersTest::diagnose);
  }

  @Test
  void refusesALayerWithASlidingWindow() {
    Diagnostic refused = refused(OptionalInt.of(11), "use merge-layers(from = 1);");
    assertThat(refused.code()).isEqualTo(DiagnosticCode.LAYER_HAS_WINDOW);
    assertThat(refused.message())
        .isEqualTo("layer 1 has a sliding window of its own, which forgets rows by itself");
  }

  @TestFactory
  Stream<DynamicTest> refusesLayersThatDoNotShareAList() {
    return DiagnosticCases.of(
        MergeLayersTest.class, "merge_layers_selected.kvp", MergeLayersTest::compile);
  }

  @Test
  void refusesLayersThatAreStoredInDifferentWays() {
    for (String storage :
        List.of(
            "use store-kv(format = f32) on layers 1;",
            "use store-kv(format = f32) on layers 1; use store-kv(format = f16) on layers 2;")) {
      Diagnostic refused = refused(OptionalInt.empty(), "use merge-layers(from = 1); " + storage);
      assertThat(refused.code()).isEqualTo(DiagnosticCode.CONFLICTING_TECHNIQUES);
      assertThat(refused.message())
          .isEqualTo("layers 1 and 2 cannot merge: store-kv stores them in different ways");
    }
  }

  @Test
  void takesLayersThatAreStoredInOneWayByTwoUses() {
    Passes.pipeline()
        .run(
            SmallModels.context(
                SmallModels.config(OptionalInt.empty(), true),
                ElementFormat.BF16,
                "use merge-layers(from = 1); use store-kv(format = f16) on layers 1;"
                    + " use store-kv(format = f16) on layers 2;"),
            PassListener.NONE);
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

  private static List<Diagnostic> compile(SourceText text) {
    ModelConfig config = SmallModels.config(4, 32);
    try {
      ResolvedPolicy policy =
          SmallModels.resolve(text, SmallModels.facts(config), Convolutions.ANY);
      Passes.pipeline()
          .run(new PassContext("small", config, policy, ElementFormat.BF16), PassListener.NONE);
      return List.of();
    } catch (CompileException refused) {
      return refused.diagnostics();
    }
  }

  private static List<Diagnostic> diagnose(SourceText text) {
    try {
      return SmallModels.resolve(text, FACTS, Convolutions.ANY).warnings();
    } catch (CompileException refused) {
      return refused.diagnostics();
    }
  }
}
