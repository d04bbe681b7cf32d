package dev.kvasir.codegen.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.TrustedPlans;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans for TornadoVM: what they hold, and what the target refuses. */
class TornadoTargetTest {

  private static final CompilerOptions TORNADO =
      CompilerOptions.defaults().withTarget(Target.tornado());

  private static String refused(String body, UnaryOperator<CompilerOptions> options) {
    Policy policy = SampleModel.policy(body);
    CompileException refusal =
        catchThrowableOfType(
            CompileException.class, () -> SampleModel.compile(policy, options.apply(TORNADO)));
    return String.valueOf(Objects.requireNonNull(refusal, "it compiles").getMessage());
  }

  @Test
  void plansHoldOneClassForEachKernelAndNoPanels() {
    Plan plan =
        SampleModel.compile(SampleModel.policy("use store-kv(format = f32);"), TORNADO).plan();
    assertThat(plan.manifest().target()).isEqualTo("tornado");
    assertThat(plan.files().keySet().stream().filter(name -> name.endsWith(".class")))
        .containsExactlyInAnyOrderElementsOf(
            plan.program().kernels().stream()
                .map(kernel -> TornadoKernelAbi.entryName(kernel.name()))
                .toList());
    assertThat(plan.program().kernels())
        .extracting(KernelDeclaration::name)
        .contains("product_128x128_f32_m16", "gated_product_256x128_f32_f32_m16")
        .noneMatch(name -> name.contains("panels") || name.startsWith("pack_"));
    assertThat(plan.memory().buffers()).noneMatch(buffer -> buffer.format() == StorageFormat.BF16);
  }

  @Test
  void rowsInBf16AreRefusedWhereThePolicyAsksForThem() {
    assertThat(
            refused(
                "use store-kv(format = f32) on layers 0..2;\n"
                    + "  use store-kv(format = bf16) on layers 3;",
                options -> options))
        .isEqualTo(
            """
            test.kvp:3:25: error[KV2020]: target tornado cannot store cache rows in bf16
              use store-kv(format = bf16) on layers 3;
                                    ^^^^
            note: store them with format = f16, or f32, or compile for target jvm\
            """);
  }

  @Test
  void aGivenTileThatDoesNotFitLocalMemoryIsRefused() {
    assertThat(
            refused(
                "use store-kv(format = f32);",
                options -> options.withTile(TileSize.PREFILL_TOKENS, 64)))
        .startsWith(
            "target tornado: error[KV4102]: kernel prefill_attention_dense_f32_g2d32: its tiles"
                + " take ")
        .contains(" bytes of local memory, a work-group has 49152")
        .endsWith("note: these sizes were given and not chosen: prefill-tokens = 64");
    assertThat(
            SampleModel.compile(
                    SampleModel.policy("use store-kv(format = f32);"),
                    TORNADO.withTile(TileSize.PREFILL_TOKENS, 4))
                .plan()
                .manifest()
                .tiles())
        .containsEntry("prefill-tokens", 4);
  }

  /** A packed cache needs more tiles for each query row, so that fewer tokens fit. */
  @Test
  void tokensOfAPrefillTileFollowTheFormats() {
    assertThat(prefillTokens("full")).isEqualTo(16);
    assertThat(prefillTokens("kv-k8v4")).isEqualTo(8);
  }

  private static int prefillTokens(String policy) {
    Plan plan = SampleModel.compile(SampleModel.shipped(policy), TORNADO).plan();
    return Objects.requireNonNull(plan.manifest().tiles().get("prefill-tokens"));
  }

  @Test
  void unquantisedRowsAreF16() {
    Plan plan = SampleModel.compile(SampleModel.shipped("full"), TORNADO).plan();
    assertThat(plan.manifest().features()).containsExactly("format.f16");
  }

  @Test
  void aPlanIsTrustedOnceItIsCompiledHere(@TempDir Path folder) throws IOException {
    Compilation compilation =
        SampleModel.compile(SampleModel.policy("use store-kv(format = f32);"), TORNADO);
    assertThat(TrustedPlans.ofUser().contains(compilation.plan())).isTrue();
    assertThat(compilation.report().warnings()).isEmpty();

    Path noFolder = Files.writeString(folder.resolve("kvasir"), "a file");
    CompileReport report = compilation.keptIn(TrustedPlans.in(noFolder)).report();
    assertThat(report.warnings()).hasSize(1);
    assertThat(report.warnings().getFirst().render())
        .startsWith("warning[KV5004]: the plan cannot be kept among those that this user compiled")
        .contains("--trust-kernels");
  }
}
